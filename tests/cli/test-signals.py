"""Signals in every phase: while files are read, while the guest runs, sleeps or only polls, while output waits for its reader. The
status says which signal it was, and it ends at once.
"""

import os
import signal
import subprocess
import threading

import harness

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Signals(harness.Case):

    def ends_by(self, session, number):
        session.kill(number)
        result = session.wait(patience=20)
        self.assertEqual(result.status, harness.of_signal(number), str(result))
        self.assertNotIn("Sanitizer", result.err)
        return result

    def test_while_a_file_is_read(self):
        """A pipe that nobody writes to: for the image, the initial RAM disk and the device tree."""
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        for number, option in zip(ENDING, ([], ["--initrd"], ["--dtb"], [])):
            with self.subTest("%s %s" % (number.name, option)), self.session(*option, fifo) as session:
                # It waits once somebody who writes can open the pipe. The writer stays, so that there is no end of the file.
                session.wait_until(lambda: can_open(fifo), "the program to open the pipe")
                with open(fifo, "wb"):
                    self.ends_by(session, number)

    def test_while_the_guest_runs(self):
        for number in ENDING:
            for harts in ("1", "3"):
                with self.subTest("%s, %s harts" % (number.name, harts)), self.session(self.guest("spin"), "--smp", harts) as session:
                    session.wait_until(lambda s=session: harness.cpu_seconds(s.process.pid) > 0.05, "the guest to run")
                    self.ends_by(session, number)

    def test_while_the_guest_sleeps(self):
        for number in ENDING:
            with self.subTest(number.name), self.session(self.guest("idle"), "--smp", "2") as session:
                session.expect("idle\n")
                self.assertLess(session.cpu_use(0.2), 0.2)
                self.ends_by(session, number)

    def test_while_the_guest_polls(self):
        for name in ("echo", "sbi-echo"):
            with self.subTest(name), self.session(self.guest(name)) as session:
                session.send("abc")
                session.expect("abc")
                self.ends_by(session, signal.SIGTERM)

    def test_while_output_waits(self):
        """Nobody reads what the guest writes."""
        for number in ENDING:
            with self.subTest(number.name):
                reader, writer = os.pipe()
                process = subprocess.Popen([harness.PROGRAM, self.guest("chatter")], stdin=subprocess.DEVNULL, stdout=writer)
                try:
                    os.close(writer)
                    threading.Event().wait(0.2)
                    process.send_signal(number)
                    self.assertEqual(process.wait(20), harness.of_signal(number))
                finally:
                    process.kill()
                    process.wait()
                    os.close(reader)

    def test_at_any_time(self):
        """From before main to after the end: the status is the signal's by the system, the program's for it, or the guest's."""
        for step in range(40):
            number = ENDING[step % len(ENDING)]
            with self.subTest("%s after %d us" % (number.name, step * 150)), self.session(self.guest("timer"), "--smp", "2") as session:
                threading.Event().wait(step * 150e-6)
                session.kill(number)
                result = session.wait(patience=20)
                self.assertIn(result.status, (-number, harness.of_signal(number)), str(result))

    def test_twice(self):
        with self.session(self.guest("chatter")) as session:
            session.expect("xxxx")
            session.kill(signal.SIGTERM)
            session.kill(signal.SIGINT)
            self.assertIn(session.wait().status, (harness.of_signal(signal.SIGTERM), harness.of_signal(signal.SIGINT)))

    def test_ignored_from_the_start(self):
        """nohup: a hang-up that the caller ignores is ignored."""
        process = subprocess.Popen([harness.PROGRAM, self.guest("idle")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), bufsize=0)
        try:
            self.assertEqual(process.stdout.readline(), b"idle\n")
            process.send_signal(signal.SIGHUP)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), harness.of_signal(signal.SIGTERM))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_two_at_once(self):
        """Ending one run leaves another alone."""
        with self.session(self.guest("echo")) as first, self.session(self.guest("echo")) as second:
            first.expect("echo\n")
            second.expect("echo\n")
            self.ends_by(first, signal.SIGINT)
            second.send("still there q")
            second.expect("still there q")
            self.assertEqual(second.wait().status, harness.OK)


def can_open(fifo):
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


if __name__ == "__main__":
    harness.main()
