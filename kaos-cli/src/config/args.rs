//! The flags of `kaos run`.

use clap::Args as ClapArgs;

#[derive(ClapArgs)]
#[command(
    after_help = "The answer goes to the standard output as it is made, everything else to the standard error.

A setting is taken from its flag, else from its variable, else from kaos.toml, else it has a default:

    instructions = \"Answer briefly.\"
    trail = \"trail\"                              # an audit trail
    [model]
    url = \"http://localhost:11434/v1\"            # any OpenAI-compatible endpoint
    name = \"qwen3\"
    [limits]
    steps = 10
    seconds = 300
    [[mcp]]                                      # tools of a server, as often as you like
    server = \"https://mcp.example.org/mcp\"       # a URL, or a program with its arguments
    name = \"search\"                              # its tools' prefix where names clash
    start_seconds = 10                           # to start and list its tools
    call_seconds = 60                            # for a call
    token_env = \"SEARCH_TOKEN\"                   # URL: the variable with the bearer token
    headers = { X-Team = \"blue\" }                # URL: headers,
    headers_env = { X-Key = \"SEARCH_KEY\" }       # and headers from variables
    [[mcp]]
    server = \"mcp-server-files\"
    args = [\"--root\", \"/srv/my files\"]           # program: its arguments, with blanks in them
    env = { MODE = \"read\" }                      # program: it gets PATH, HOME and the like, these variables,
    env_from = [\"FILES_TOKEN\"]                   # and these of yours

The kaos.toml of the current directory is taken once `kaos trust` allows it, as long as nobody changes it;
that of --config always.

Without a URL the model is provider:name, such as anthropic:claude-haiku-4-5 or openai:gpt-5-mini, whose key is in
ANTHROPIC_API_KEY, OPENAI_API_KEY, …; OPENAI_API_KEY is the key of a URL, too. DEBUG_MOCK_RESPONSES='[\"Hello.\"]' answers without a model.
OTEL_EXPORTER_OTLP_ENDPOINT sends traces, metrics and logs there. KAOS_SESSIONS=redis://… keeps the conversations of --session there.

Exit codes: 0 answered, 1 no answer, 2 the command or its configuration is wrong, 3 the answer was cut by a limit
or a filter of the model, 130 Ctrl-C (SIGINT), 143 SIGTERM, 129 SIGHUP. A signal cancels what runs, ends MCP servers and
sends and records what there is; a second one does not wait for that.

On a terminal, control characters in answers are shown as escapes; in files and pipes answers are byte for byte."
)]
pub(crate) struct Args {
    /// What to ask
    pub(crate) question: String,
    /// The endpoint's base URL [variable: MODEL_API_URL]
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The model's name [variable: MODEL_NAME]
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// What the agent is told to be
    #[arg(long)]
    pub(crate) instructions: Option<String>,
    /// An MCP server with tools: a URL, or a command to start; may be given more than once
    #[arg(long, value_name = "URL or COMMAND")]
    pub(crate) mcp: Vec<String>,
    /// How many steps it may take
    #[arg(long)]
    pub(crate) steps: Option<u32>,
    /// How many seconds it may take
    #[arg(long)]
    pub(crate) seconds: Option<u64>,
    /// Records what happens in the audit trail of this directory [variable: KAOS_TRAIL]
    #[arg(long)]
    pub(crate) trail: Option<String>,
    /// Signs the trail with this key, made by `kaos audit keygen` [variable: KAOS_TRAIL_KEY]
    #[arg(long)]
    pub(crate) trail_key: Option<String>,
    /// The conversation's name in traces, trail and, where KAOS_SESSIONS names a store, there
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// Where settings are; ./kaos.toml, if it is trusted, unless given
    #[arg(long)]
    pub(crate) config: Option<String>,
    /// Shows no tree
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
