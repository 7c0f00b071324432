//! The command `kaos`: runs an agent in a terminal, serves one, and reads audit trails.
//!
//! It is a program, not a library: [`main`] is all of it, here so that tests can run the very same.

#![expect(clippy::doc_markdown, reason = "help is shown as it is written")]

mod agent;
mod audit;
#[cfg(feature = "operator")]
mod cluster;
mod config;
mod doctor;
mod files;
mod mcp;
mod model;
#[cfg(feature = "operator")]
mod operator;
mod output;
mod recording;
mod render;
mod reports;
mod run;
mod runs;
mod service;
mod sessions;
mod shim;
mod signals;
mod stream;
mod team;
mod terminal;
mod trust;
mod trusted;
mod ui;
mod verification;
mod warnings;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs AI agents, and says what they did.
#[derive(Parser)]
#[command(name = "kaos", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Asks an agent a question, and shows what it does
    Run(run::Args),
    /// Serves an agent; lists, shows, asks and deletes agents of a cluster
    Agent(agent::Args),
    /// Serves tools to other programs' agents; the same for servers of a cluster
    Mcp(mcp::Args),
    /// Serves models
    Model(model::Args),
    /// Trusts a kaos.toml: `kaos run` takes the one in the current directory only then
    Trust(trust::Args),
    /// Lists, shows and forgets conversations that processes share
    Sessions(sessions::Args),
    /// Shows what KAOS resources become when they run, and what is wrong with them
    Render(render::Args),
    /// Runs a team of KAOS resources on this machine
    Up(team::up::Args),
    /// Asks an agent of a team that runs
    Invoke(team::invoke::Args),
    /// Shows how a team is
    Status(team::status::Args),
    /// Shows what a component of a team wrote
    Logs(team::logs::Args),
    /// Stops a team
    Down(team::down::Args),
    /// Runs the operator of a Kubernetes cluster, and prints what a cluster needs for it
    #[cfg(feature = "operator")]
    Operator(operator::Args),
    /// Shows in a browser what agents did, from audit trails
    Ui(ui::Args),
    /// Lists, shows, asks and deletes ModelAPIs of a cluster
    #[cfg(feature = "operator")]
    #[command(name = "modelapi")]
    ModelApi(cluster::resources::ModelApi),
    /// Installs the operator into a cluster, or brings it up to date
    #[cfg(feature = "operator")]
    Install(cluster::install::Args),
    /// Takes the operator out of a cluster
    #[cfg(feature = "operator")]
    Uninstall(cluster::uninstall::Args),
    /// Sends a span, a data point and a log record to the endpoint of telemetry, and says what answered
    Doctor(doctor::Args),
    /// Verifies, shows and replays audit trails
    Audit(audit::Args),
    /// Runs a program that ends when the standard input does
    #[command(hide = true)]
    Attend(shim::Args),
}

/// Does what the process' arguments say, and gives the process' exit code.
#[must_use = "it is the exit code of the process"]
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| output::say(&format!("kaos: {panic}"))));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return explain(&usage),
    };
    let done = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Agent(args) => agent::run(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Trust(args) => trust::run(&args),
        Command::Sessions(args) => sessions::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Up(args) => team::up::run(&args),
        Command::Invoke(args) => team::invoke::run(&args),
        Command::Status(args) => team::status::run(&args),
        Command::Logs(args) => team::logs::run(&args),
        Command::Down(args) => team::down::run(&args),
        #[cfg(feature = "operator")]
        Command::Operator(args) => operator::run(&args),
        Command::Ui(args) => ui::run(&args),
        #[cfg(feature = "operator")]
        Command::ModelApi(args) => cluster::resources::run_model_api(&args),
        #[cfg(feature = "operator")]
        Command::Install(args) => cluster::install::run(&args),
        #[cfg(feature = "operator")]
        Command::Uninstall(args) => cluster::uninstall::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Audit(args) => audit::run(args),
        Command::Attend(args) => shim::run(&args),
    };
    done.unwrap_or_else(|failed| output::failed(&failed))
}

/// Prints help, or what is wrong with the arguments, which are somebody's words.
fn explain(usage: &clap::Error) -> ExitCode {
    let text = usage.render().to_string();
    // Who has closed the output reads nothing.
    let _printed = if usage.use_stderr() {
        terminal::errors().print(&text)
    } else {
        terminal::people().print(&text)
    };
    ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
}
