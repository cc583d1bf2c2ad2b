"""The terminal: raw while the guest runs, and as it was at every end; keys of the program's own; stopping and going on."""

import os
import signal
import termios
import time

import harness


class Terminal(harness.Case):

    def on_terminal(self, *arguments):
        return self.session(*arguments, terminal=True)

    def ended(self, session, status):
        result = session.wait()
        self.assertEqual(result.status, status, str(result))
        self.assertEqual(termios.tcgetattr(session.slave), session.attributes, "the terminal's attributes")
        return result

    def test_normal_end(self):
        session = self.on_terminal(self.guest("echo"))
        session.expect("echo\r?\n")
        session.wait_raw()
        session.send("hello q")
        session.expect("hello q")
        self.ended(session, harness.OK)

    def test_error_ends(self):
        """Before the guest starts, in its midst, and after --timeout."""
        for arguments, status in (([os.path.join(self.folder, "missing")], harness.NO_INPUT),
                                  (["--smp", "0"], harness.USAGE),
                                  ([self.file("empty", b"")], harness.DATA),
                                  (["--layer", "no-such-layer", self.guest("hello")], harness.UNAVAILABLE),
                                  ([self.guest("jump-nowhere")], harness.STUCK),
                                  ([self.guest("fail-7")], 7),
                                  ([self.guest("reset"), "--no-reboot"], harness.RESET),
                                  ([self.guest("spin"), "--timeout", "0.3"], harness.TIMEOUT)):
            with self.subTest(str(arguments)):
                self.ended(self.on_terminal(*arguments), status)

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            for name in ("spin", "idle", "echo", "chatter"):
                with self.subTest("%s, %s" % (number.name, name)):
                    session = self.on_terminal(self.guest(name))
                    session.wait_raw()
                    session.kill(number)
                    self.ended(session, harness.of_signal(number))

    def test_fatal_signals(self):
        """A crash, which a signal from outside stands for here, puts the terminal back as well."""
        for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS):
            with self.subTest(number.name):
                session = self.on_terminal(self.guest("spin"))
                session.wait_raw()
                session.kill(number)
                result = session.wait()
                self.assertNotEqual(result.status, harness.OK)
                self.assertEqual(termios.tcgetattr(session.slave), session.attributes)

    def test_ctrl_c(self):
        """In raw mode Ctrl-C is a byte for the guest; before, it ends the program."""
        session = self.on_terminal(self.guest("echo"))
        session.expect("echo\r?\n")
        session.wait_raw()
        session.send("a\x03\x1a\x1c\x11\x13b")
        session.expect(b"a\x03\x1a\x1c\x11\x13b")
        session.send("q")
        self.ended(session, harness.OK)
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        session = self.on_terminal(fifo)
        holder = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, holder)
        session.wait_until(lambda: blocked_signals(session.process.pid), "the program to start")
        session.send("\x03")
        self.ended(session, harness.of_signal(signal.SIGINT))

    def test_ctrl_c_while_it_starts(self):
        """The terminal signals every process of the job: whatever the program has begun by then, it ends of the signal."""
        for step in range(40):
            with self.subTest("after %d us" % (step * 200)):
                session = self.on_terminal(self.guest("idle"), "--timeout", "5")
                time.sleep(step * 200e-6)
                session.send("\x03")
                if session.process.poll() is None:
                    session.kill(signal.SIGTERM)  # it may have come in raw mode, for the guest
                result = session.wait()
                self.assertIn(result.status, (-signal.SIGINT, -signal.SIGTERM, harness.of_signal(signal.SIGINT),
                                              harness.of_signal(signal.SIGTERM)), str(result))
                self.assertTrue(session.terminal_is_restored(), str(result))

    def test_escape_key(self):
        for name in ("spin", "idle", "echo", "chatter"):
            with self.subTest(name):
                session = self.on_terminal(self.guest(name))
                session.wait_raw()
                session.send("\x01x")
                self.ended(session, harness.QUIT)

    def test_escape_key_help_and_itself(self):
        session = self.on_terminal(self.guest("echo"))
        session.expect("echo\r?\n")
        session.wait_raw()
        session.send("\x01h")
        session.expect("Ctrl-A x")
        session.send("1\x01\x012")
        session.expect(b"1\x012")
        session.send("\x01")
        session.read_some(0.1)
        session.send("x")
        self.ended(session, harness.QUIT)

    def test_no_escape_key_in_a_pipe(self):
        with self.session(self.guest("echo")) as session:
            session.send(b"\x01x\x01q")
            session.expect(b"\x01x\x01q")
            self.assertEqual(session.wait().status, harness.OK)

    def test_stop_and_continue(self):
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            with self.subTest(number.name):
                session = self.on_terminal(self.guest("echo"))
                session.expect("echo\r?\n")
                session.wait_raw()
                session.kill(number)
                session.wait_until(lambda s=session: state(s.process.pid) == "T", "the process to stop")
                if number == signal.SIGTSTP:
                    self.assertTrue(session.terminal_is_restored(), "as it was while the program is stopped")
                else:  # nothing can be done about SIGSTOP; a shell puts its own attributes back then
                    termios.tcsetattr(session.slave, termios.TCSANOW, session.attributes)
                session.kill(signal.SIGCONT)
                session.wait_raw()
                session.send("still there q")
                session.expect("still there q")
                self.ended(session, harness.OK)

    def test_end_while_stopped(self):
        session = self.on_terminal(self.guest("spin"))
        session.wait_raw()
        session.kill(signal.SIGTSTP)
        session.wait_until(lambda: state(session.process.pid) == "T", "the process to stop")
        session.kill(signal.SIGTERM)
        session.kill(signal.SIGCONT)
        self.ended(session, harness.of_signal(signal.SIGTERM))

    def test_hang_up(self):
        """The terminal goes away: the program goes too."""
        session = self.on_terminal(self.guest("spin"))
        session.wait_raw()
        os.close(session.slave)
        os.close(session.master)
        session.outputs = {}
        session.slave = session.master = None
        self.assertIn(session.wait().status, (harness.of_signal(signal.SIGHUP), harness.OUTPUT))

    def test_messages_on_a_raw_terminal(self):
        """Lines of the program itself begin at the left margin whatever the mode."""
        session = self.on_terminal(self.guest("spin"), "--timeout", "0.3", "--stats")
        result = self.ended(session, harness.TIMEOUT)
        self.assertEqual(result.raw.count(b"\n"), result.raw.count(b"\r\n"), str(result))

    def test_no_terminal_mode_for_information(self):
        for arguments in (["--list"], ["--help"], ["--inspect", harness.BACKEND], ["--version"]):
            self.ended(self.on_terminal(*arguments), harness.OK)


def state(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def blocked_signals(pid):
    """Whether the program has begun to wait for signals instead of dying of them."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        text = file.read()
    return int(text.split("SigBlk:")[1].split()[0], 16) & 1 << (signal.SIGINT - 1)


if __name__ == "__main__":
    harness.main()
