//! One mistake a function. `//~` is what the compiler must say about the next line.

use std::sync::Arc;

use kaos_hooks::{
    Event, Gate, GateError, Hook, Hooks, Lane, LogHook, Observer, Run, Scope, ToolRequest, Turn,
    Verdict,
};
use kaos_runner::{Agent, FunctionModel, FunctionTool, Runner, ToolError};

struct Metrics; // has no `impl Hook`

fn a_type_that_is_no_hook(runner: Runner) {
    //~ `Metrics` cannot be registered
    Hooks::new(Metrics);
    //~ `Metrics` cannot be registered
    runner.hooks(Metrics);
}

fn a_hook_by_reference(hook: LogHook) {
    //~ `&LogHook` cannot be registered
    Hooks::new(&hook);
}

fn a_tuple_with_a_wrong_part() {
    //~ `(LogHook, Metrics)` cannot be registered
    Hooks::new((LogHook::new(), Metrics));
    let nested = (LogHook::new(), (LogHook::new(), Metrics));
    //~ `(LogHook, (LogHook, Metrics))` cannot be registered
    Hooks::new(nested);
}

fn too_many_parts() {
    let it = LogHook::new;
    //~ cannot be registered
    Hooks::new((it(), it(), it(), it(), it(), it(), it(), it(), it()));
}

fn a_closure_with_another_argument() {
    //~ cannot be registered
    Hooks::new(|| println!("an event"));
    //~ cannot be registered
    Hooks::new(|event: Event<'_>| println!("{}", event.seq));
}

fn a_closure_whose_argument_has_no_type() {
    //~ type annotations needed
    Hooks::new(|event| println!("{}", event.seq));
}

fn a_closure_that_changes_what_it_holds() {
    let mut events = 0;
    //~ expected a closure that implements the `Fn` trait, but this closure only implements `FnMut`
    Hooks::new(move |_: &Event<'_>| events += 1);
}

fn a_list_of_what_is_no_hook() {
    //~ `Vec<Metrics>` cannot be registered
    Hooks::new(vec![Metrics]);
}

fn a_shared_hook(hook: Arc<LogHook>) {
    //~ `Arc<LogHook>` cannot be registered
    Hooks::new(hook);
}

struct Guard;

impl Hook for Guard {
    fn observe(&self, _: &Run) -> Option<Box<dyn Observer>> {
        None
    }
}

#[async_trait::async_trait]
impl Gate for Guard {
    async fn before_tool_call(&self, _: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        Ok(Verdict::Allow)
    }
}

fn a_hook_that_is_a_gate() {
    //~ type annotations needed
    Hooks::new(Guard);
}

fn a_hook_in_a_lane() {
    //~ `LogHook` cannot work in a lane
    Lane::new(LogHook::new());
}

fn a_span_about_a_number(turn: Scope<Turn>) {
    //~ `{integer}` cannot be opened inside another span
    turn.open(1);
    //~ `kaos_hooks::Turn` cannot be opened inside another span
    turn.open(Turn::new("assistant"));
}

#[derive(serde::Deserialize)]
struct NoSchema {
    a: i64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Numbers {
    a: i64,
}

fn a_tool_whose_arguments_have_no_schema() {
    //~ a tool cannot be made of
    FunctionTool::new("sum", "Adds.", |it: NoSchema| async move {
        Ok::<_, ToolError>(it.a.to_string())
    });
}

fn a_tool_that_returns_a_number() {
    //~ a tool cannot be made of
    FunctionTool::new("sum", "Adds.", |it: Numbers| async move {
        Ok::<_, ToolError>(it.a)
    });
}

fn a_tool_with_another_error() {
    //~ a tool cannot be made of
    FunctionTool::new("sum", "Adds.", |it: Numbers| async move {
        it.a.to_string().parse::<f64>().map(|it| it.to_string())
    });
}

fn a_tool_that_is_not_async() {
    //~ a tool cannot be made of
    FunctionTool::new("sum", "Adds.", |it: Numbers| {
        Ok::<_, ToolError>(it.a.to_string())
    });
}

fn a_function_for_a_tool(agent: Agent) {
    //~ is no tool
    agent.tool(|it: Numbers| async move { it.a });
}

fn a_name_for_a_model() {
    //~ `&str` is no model
    Agent::new("assistant", "gpt-4o");
}

fn a_hook_for_a_store(model: FunctionModel) {
    //~ `LogHook` keeps no sessions
    Runner::new(Agent::new("assistant", model)).sessions(LogHook::new());
}
