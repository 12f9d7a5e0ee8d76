//! `aegis scenario new NAME`: a scenario to start from.

use crate::args::NewScenario;
use crate::commands::deliver;
use crate::exit::{Exit, Failure};
use crate::output::Terminal;
use aegis_scenario::template::template;

pub fn run(args: &NewScenario, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let allowed =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let name = &args.name;
    if name.len() > 63
        || !name.chars().all(allowed)
        || name.trim_matches('-') != name
        || name.is_empty()
    {
        let help = "a name has lower-case letters, digits and dashes inside, 63 at most";
        return Err(Failure::usage(format!("`{name}` is no name for a scenario")).help(help));
    }
    deliver(&template(name), args.out.as_deref(), terminal)
}
