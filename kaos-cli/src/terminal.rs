//! The one place through which the command prints, so that nothing it was told (answers, names, errors,
//! settings, records) commands a terminal: the types here print characters, not bytes, and a character
//! that a terminal would obey is shown as its escape.

use std::fmt::{self, Write as _};
use std::io::{self, BufWriter, IsTerminal as _, Stderr, Stdout, Write};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use kaos_hooks::is_hidden;

/// How often what is drawn may change, in a second.
const HERTZ: u8 = 20;

/// Where text is printed: `write!` and `writeln!` take it. What is left in it is printed when it is
/// dropped; [`flush`](Self::flush) says whether that worked.
pub(crate) struct Printer<W: Write> {
    to: BufWriter<W>,
    exact: bool,
    /// A carriage return that waits for what follows it.
    returned: bool,
}

pub(crate) type Out = Printer<Stdout>;

/// The standard output, for people: safe wherever it goes, for files and pipes end on terminals, too.
pub(crate) fn people() -> Out {
    Printer::new(io::stdout(), false)
}

/// The standard output, for data and answers: byte for byte, except that a terminal is not commanded.
pub(crate) fn data() -> Out {
    let exact = !io::stdout().is_terminal();
    Printer::new(io::stdout(), exact)
}

/// The standard output, for JSON or else for people.
pub(crate) fn json_or_people(json: bool) -> Out {
    if json { data() } else { people() }
}

/// The standard output for a protocol's messages alone. Whatever else prints there from now on, an exporter that
/// the environment asks for say, goes to the standard error: a client would take it for messages.
#[cfg(unix)]
pub(crate) fn messages() -> io::Result<tokio::fs::File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(tokio::fs::File::from_std(ours.into()))
}

/// The standard output for a protocol's messages, which nothing else may print to.
#[cfg(not(unix))]
pub(crate) fn messages() -> io::Result<tokio::io::Stdout> {
    Ok(tokio::io::stdout())
}

/// The standard error.
pub(crate) fn errors() -> Printer<Stderr> {
    Printer::new(io::stderr(), false)
}

/// Whether answers and what is drawn share a terminal.
pub(crate) fn shares_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether the standard output is a terminal that shows colours, and its user wants them (no-color.org).
pub(crate) fn has_colours() -> bool {
    let set = |name| std::env::var_os(name).filter(|it| !it.is_empty());
    let dumb = set("TERM").is_none_or(|it| it == "dumb");
    io::stdout().is_terminal() && set("NO_COLOR").is_none() && !dumb
}

/// Columns and lines of the terminal that the standard output is; none if it is no terminal, or one whose cursor does not move.
/// One that does not know says 80 and 24.
pub(crate) fn size() -> Option<(usize, usize)> {
    let moves = std::env::var_os("TERM").is_some_and(|it| !it.is_empty() && it != "dumb");
    if !moves || !io::stdout().is_terminal() {
        return None;
    }
    let (lines, columns) = Term::stdout().size();
    let known = |it: u16, usual: usize| if it == 0 { usual } else { it.into() };
    Some((known(columns, 80), known(lines, 24)))
}

/// Whether the standard error is a terminal: whoever asks there is a person.
pub(crate) fn has_person() -> bool {
    io::stderr().is_terminal()
}

/// Lines that change, on the standard error if that is a terminal.
pub(crate) fn bars() -> Option<MultiProgress> {
    io::stderr()
        .is_terminal()
        .then(|| MultiProgress::with_draw_target(drawn()))
}

/// A line for [`bars`].
pub(crate) fn bar(template: &str) -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style(template))
}

/// How many records are done, on a terminal; nowhere else.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, drawn()).with_message(what);
    bar.with_style(style("{spinner} {msg}: {human_pos} records, {elapsed}"))
}

pub(crate) fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl<W: Write> Printer<W> {
    fn new(to: W, exact: bool) -> Self {
        Self {
            to: BufWriter::new(to),
            exact,
            returned: false,
        }
    }

    /// What `write!` and `writeln!` call.
    pub(crate) fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        /// Keeps the error that `fmt` has no place for.
        struct Pieces<'p, W: Write>(&'p mut Printer<W>, io::Result<()>);

        impl<W: Write> fmt::Write for Pieces<'_, W> {
            fn write_str(&mut self, piece: &str) -> fmt::Result {
                self.1 = self.0.print(piece);
                self.1.as_ref().map_or(Err(fmt::Error), |()| Ok(()))
            }
        }

        let mut pieces = Pieces(self, Ok(()));
        match pieces.write_fmt(text) {
            Ok(()) => Ok(()),
            Err(fmt::Error) => pieces.1.and(Err(io::ErrorKind::Other.into())),
        }
    }

    /// Prints a text.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        if self.exact {
            return self.to.write_all(text.as_bytes());
        }
        let mut safe = String::with_capacity(text.len());
        for char in text.chars() {
            if std::mem::take(&mut self.returned) && char != '\n' {
                safe.push_str("\\r");
            }
            match char {
                // With what follows it, it may be the end of a line.
                '\r' => self.returned = true,
                '\n' | '\t' => safe.push(char),
                it if is_hidden(it) => safe.extend(it.escape_default()),
                it => safe.push(it),
            }
        }
        self.to.write_all(safe.as_bytes())
    }

    /// Prints a text in a colour, by its number (ECMA-48, SGR), if one is given.
    pub(crate) fn painted(&mut self, colour: Option<u8>, text: &str) -> io::Result<()> {
        let Some(colour) = colour else {
            return self.print(text);
        };
        write!(self.to, "\x1b[{colour}m")?;
        self.print(text)?;
        self.to.write_all(b"\x1b[0m")
    }

    /// Takes back so many lines above the cursor, and what is below them: the cursor goes up to the first (CUU), and all from
    /// there on is erased (ED; ECMA-48).
    pub(crate) fn take_back(&mut self, lines: usize) -> io::Result<()> {
        match lines {
            0 => Ok(()),
            lines => write!(self.to, "\r\x1b[{lines}A\x1b[J"),
        }
    }

    /// Hands on what waits.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<W: Write> Drop for Printer<W> {
    fn drop(&mut self) {
        if self.returned {
            // Whoever asks whether it worked has flushed before.
            let _written = self.to.write_all(b"\\r").is_ok();
        }
    }
}

/// Where [`bars`] are drawn: the cursor is moved, and text is printed safely.
#[derive(Debug)]
struct Drawn(Term);

fn drawn() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Drawn(Term::buffered_stderr())), HERTZ)
}

impl TermLike for Drawn {
    fn width(&self) -> u16 {
        self.0.size().1
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(&kaos_hooks::plain(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        // The library's own way to the beginning of a line.
        if text == "\r" {
            return self.0.write_str(text);
        }
        self.0.write_str(&kaos_hooks::plain(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
