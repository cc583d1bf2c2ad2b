"""Standard streams that are closed, full, slow or files: what cannot be written is an error, and what is not typed is no end."""

import os
import subprocess

import harness

INFORMATION = (["--help"], ["--version"], ["--list"], ["--list", "--json"], ["--inspect", harness.BACKEND],
               ["--inspect", harness.BACKEND, "--json"], ["--dumpdtb", "-"])


class Output(harness.Case):

    def test_full(self):
        for arguments in (*INFORMATION, [], ["--backend", harness.BACKEND]):
            with self.subTest(" ".join(arguments)), open("/dev/full", "wb") as full:
                self.ends(harness.OUTPUT, *arguments, stdout=full, says=["standard output", "No space"])

    def test_full_guest(self):
        with open("/dev/full", "wb") as full:
            self.ends(harness.OUTPUT, self.guest("chatter"), stdout=full, says="standard output")

    def test_closed(self):
        for arguments in (*INFORMATION, [], [self.guest("chatter")]):
            with self.subTest(" ".join(arguments)):
                result = harness.run(*arguments, stdout=None, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(1))
                self.assertEqual(result.status, harness.OUTPUT, str(result))

    def test_nobody_reads(self):
        """A pipe whose reader has gone ends the run with a message, not by a signal."""
        for arguments in ([self.guest("chatter")], ["--help"], ["--list", "--json"]):
            with self.subTest(" ".join(arguments)):
                reader, writer = os.pipe()
                os.close(reader)
                try:
                    self.ends(harness.OUTPUT, *arguments, stdout=writer, says="Broken pipe")
                finally:
                    os.close(writer)

    def test_reader_goes_away(self):
        with self.session(self.guest("chatter")) as session:
            session.expect("x" * 1000)
            del session.outputs[session.process.stdout.fileno()]
            session.process.stdout.close()
            session.process.stdout = None
            result = session.wait()
            self.assertEqual(result.status, harness.OUTPUT, str(result))

    def test_nothing_is_lost(self):
        """All that a guest wrote comes out, however slow the reader is."""
        with self.session(self.guest("hello")) as session:
            while session.process.poll() is None:
                pass
            self.assertEqual(session.wait().out, "hello\n")
        path = os.path.join(self.folder, "out")
        with open(path, "wb") as file:
            self.run_ok(self.guest("hello"), stdout=file)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), b"hello\n")

    def test_standard_error_closed(self):
        self.assertEqual(harness.run("--smp", "0", stderr=None, preexec_fn=lambda: os.close(2)).status, harness.USAGE)
        self.assertEqual(harness.run(self.guest("hello"), "--stats", stderr=None, preexec_fn=lambda: os.close(2)).out, "hello\n")

    def test_shared_streams_stay_blocking(self):
        """The streams belong to others as well: whatever mode they are in, they stay in it."""
        import fcntl
        reader, writer = os.pipe()
        with open(reader, "rb"), open(writer, "wb") as out:
            before = fcntl.fcntl(out, fcntl.F_GETFL)
            self.run_ok(self.guest("hello"), stdout=out)
            self.assertEqual(fcntl.fcntl(out, fcntl.F_GETFL), before)


class Input(harness.Case):

    def test_from_a_file(self):
        """More than any buffer holds, all of it read long before the guest takes it."""
        typed = bytes(byte for byte in os.urandom(40000) if byte != ord("q"))
        for name in ("echo", "sbi-echo"):
            with self.subTest(name), open(self.file("typed", typed + b"q"), "rb") as file:
                result = self.run_ok(self.guest(name), "--timeout", "50", stdin=file)
                self.assertEqual(result.raw.removeprefix(b"echo\n"), typed + b"q")

    def test_end_is_not_the_guests_end(self):
        for stdin in (b"", subprocess.DEVNULL):
            self.ends(harness.TIMEOUT, self.guest("echo"), "--timeout", "0.3", stdin=stdin)
        result = self.ends(harness.TIMEOUT, self.guest("echo"), "--timeout", "0.3", stdin=b"abc")
        self.assertEqual(result.out, "echo\nabc")

    def test_closed(self):
        result = harness.run(self.guest("hello"), stdin=None, preexec_fn=lambda: os.close(0))
        self.assertEqual((result.status, result.out), (harness.OK, "hello\n"), str(result))

    def test_all_closed(self):
        def close_all():
            for descriptor in range(3):
                os.close(descriptor)
        self.assertEqual(harness.run(self.guest("fail-7"), stdin=None, stdout=None, stderr=None, preexec_fn=close_all).status, 7)

    def test_a_folder(self):
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            self.run_ok(self.guest("hello"), stdin=descriptor)
            self.ends(harness.TIMEOUT, self.guest("echo"), "--timeout", "0.3", stdin=descriptor)
        finally:
            os.close(descriptor)

    def test_end_of_input_costs_nothing(self):
        """An input at its end is always readable: looking at it again and again would keep a CPU busy."""
        with self.session(self.guest("idle")) as session:
            session.close_input()
            session.process.stdin = None
            session.expect("idle\n")
            self.assertLess(session.cpu_use(1), 0.2)

    def test_a_guest_that_polls_costs_little(self):
        for name in ("echo", "sbi-echo"):
            with self.subTest(name), self.session(self.guest(name)) as session:
                session.send("a")
                session.expect("a")
                session.read_some(0.5)
                self.assertLess(session.cpu_use(1), 0.2)
                session.send("bq")
                session.expect("bq")
                self.assertEqual(session.wait().status, harness.OK)


if __name__ == "__main__":
    harness.main()
