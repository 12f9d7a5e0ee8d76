//! `aegis scenario …`.

mod check;
mod list;
mod new;
mod show;
mod test;

use crate::args::Scenario;
use crate::exit::{Exit, Failure};
use crate::output::Terminal;

pub fn run(command: &Scenario, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match command {
        Scenario::List(args) => list::run(args, terminal),
        Scenario::Show(args) => show::run(args, terminal),
        Scenario::Check(args) => check::run(args, terminal),
        Scenario::Test(args) => test::run(args, terminal),
        Scenario::New(args) => new::run(args, terminal),
        Scenario::Schema => {
            terminal.print(&aegis_scenario::schema::schema_text())?;
            terminal.finish()
        }
    }
}
