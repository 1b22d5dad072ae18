//! `fedisim plot`: the figures of a run as files.

use crate::cli::edited::{tell_edited, unreadable};
use crate::cli::exit::Exit;
use crate::cli::output::{complain, print};
use crate::cli::report::RunArguments;
use crate::files;
use crate::foundation::text::one_line;
use crate::report::figure::Figure;
use crate::report::figures::KINDS;
use crate::report::plot::{Drawing, draw};
use crate::report::run::Run;
use crate::report::style::Theme;
use crate::scenario::nearest;
use clap::{Args, ValueEnum};
use std::fs;
use std::path::{Path, PathBuf};

/// `fedisim plot`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    of: RunArguments,
    /// The folder for the plots [default: RUN/plots]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What files are written
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', default_value = "svg")]
    format: Vec<Format>,
    /// Only this kind of figure (several times for several)
    #[arg(long, value_name = "NAME")]
    kind: Vec<String>,
    /// Which view of figures that have several, such as an instance or a protocol [default: the first]
    #[arg(long, value_name = "NAME")]
    view: Option<String>,
}

/// `--format`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    let names = || KINDS.iter().map(|kind| kind.name);
    for kind in &arguments.kind {
        if !names().any(|name| name == kind) {
            let all = names().collect::<Vec<_>>().join(", ");
            complain(&format!("--kind: `{kind}` is no kind of figure{}: {all}", nearest(kind, names())));
            return Exit::BadInput;
        }
    }
    let run = match arguments.of.read() {
        Ok(run) => run,
        Err(error) => return unreadable(&error),
    };
    tell_edited(&run.edited);
    let out = arguments.out.clone().unwrap_or_else(|| arguments.of.run.join("plots"));
    if arguments.out.is_none() && out.is_symlink() {
        complain(&format!("{} is a link that leads elsewhere: name a folder with --out", out.display()));
        return Exit::CouldNotRun;
    }
    match plots(&run, arguments) {
        Ok(plots) => write(&plots, &out),
        Err((problem, exit)) => {
            complain(&problem);
            exit
        }
    }
}

/// A file by name.
type File = (String, Vec<u8>);

/// The files of all figures that are wanted.
fn plots(run: &Run, arguments: &Arguments) -> Result<Vec<File>, (String, Exit)> {
    let is_wanted = |name: &str| arguments.kind.is_empty() || arguments.kind.iter().any(|kind| kind == name);
    let mut plots = Vec::new();
    let mut found_view = false;
    for kind in KINDS.iter().filter(|kind| is_wanted(kind.name)) {
        let Some(figure) = kind.of(run) else {
            if !arguments.kind.is_empty() {
                complain(&format!("{}: this run has nothing to show there", kind.name));
            }
            continue;
        };
        let named = |name: &String| figure.views.iter().position(|view| view.name == *name);
        let chosen = arguments.view.as_ref().and_then(named);
        found_view |= chosen.is_some();
        for theme in Theme::ALL {
            let drawing = draw(&figure, &figure.views[chosen.unwrap_or(0)], theme);
            files(&figure, &drawing, theme, &arguments.format, &mut plots)?;
        }
    }
    match &arguments.view {
        Some(view) if !found_view => {
            Err((format!("--view: none of these figures has a view `{view}`"), Exit::BadInput))
        }
        _ => Ok(plots),
    }
}

fn files(
    figure: &Figure,
    drawing: &Drawing,
    theme: Theme,
    formats: &[Format],
    plots: &mut Vec<File>,
) -> Result<(), (String, Exit)> {
    let ending = match theme {
        Theme::Light => "",
        Theme::Dark => "-dark",
    };
    if formats.contains(&Format::Svg) {
        plots.push((format!("{}{ending}.svg", figure.kind), drawing.svg().into_bytes()));
    }
    if formats.contains(&Format::Png) {
        let png =
            drawing.png().map_err(|problem| (format!("{}: {problem}", figure.kind), Exit::CouldNotRun))?;
        plots.push((format!("{}{ending}.png", figure.kind), png));
    }
    Ok(())
}

fn write(plots: &[File], out: &Path) -> Exit {
    if let Err(error) = fs::create_dir_all(out) {
        complain(&format!("{}: cannot be made: {error}", out.display()));
        return Exit::CouldNotRun;
    }
    let mut text = String::new();
    for (name, bytes) in plots {
        let path = out.join(name);
        if let Err(error) = files::write(&path, bytes) {
            complain(&format!("{}: cannot be written: {error}", path.display()));
            return Exit::CouldNotRun;
        }
        text.push_str(&format!("{}\n", one_line(&path.display().to_string())));
    }
    print(&text)
}
