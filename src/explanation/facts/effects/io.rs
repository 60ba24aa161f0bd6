//! What reaches out of the program, told by the names of what is called.

use ruff_python_ast::{ExprAttribute, ExprCall};
use serde::Serialize;

use super::super::super::source::Source;
use super::super::callee::dotted;
use super::super::names::Names;

/// Something that reaches out of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputOutput {
    /// What it reaches.
    pub medium: Medium,
    /// What is called or read: its full name where it is known, else as written.
    pub operation: String,
    /// Its line.
    pub line: usize,
}

/// What input and output reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// The terminal: standard input, output and error.
    Console,
    /// Files and folders.
    Files,
    /// Other machines, or sockets.
    Network,
    /// Other programs.
    Processes,
    /// Variables of the environment, the current folder, arguments of the program.
    Environment,
    /// A database.
    Database,
    /// The log.
    Log,
    /// The time: reading it or waiting.
    Clock,
    /// Random numbers.
    Chance,
}

/// Names, each with what follows it, by what they reach; those of one function end with nothing,
/// those of a module or class with a dot.
const NAMES: [(Medium, &[&str]); 9] = [
    (
        Medium::Console,
        &[
            "print",
            "input",
            "sys.stdout.",
            "sys.stderr.",
            "sys.stdin.",
            "getpass.",
        ],
    ),
    (
        Medium::Files,
        &[
            "open",
            "io.open",
            "io.IOBase.",
            "io.FileIO",
            "os.open",
            "os.read",
            "os.write",
            "os.remove",
            "os.unlink",
            "os.rename",
            "os.renames",
            "os.replace",
            "os.mkdir",
            "os.makedirs",
            "os.rmdir",
            "os.removedirs",
            "os.listdir",
            "os.scandir",
            "os.walk",
            "os.stat",
            "os.lstat",
            "os.chmod",
            "os.chown",
            "os.link",
            "os.symlink",
            "os.readlink",
            "os.truncate",
            "os.access",
            "os.utime",
            "os.fsync",
            "os.path.exists",
            "os.path.isfile",
            "os.path.isdir",
            "os.path.islink",
            "os.path.getsize",
            "os.path.getmtime",
            "os.path.getctime",
            "os.path.getatime",
            "os.path.realpath",
            "os.path.samefile",
            "shutil.",
            "tempfile.",
            "glob.glob",
            "glob.iglob",
            "fileinput.",
            "json.load",
            "json.dump",
            "pickle.load",
            "pickle.dump",
            "marshal.load",
            "marshal.dump",
            "tomllib.load",
            "plistlib.load",
            "plistlib.dump",
            "yaml.dump_all",
            "zipfile.ZipFile",
            "tarfile.open",
            "gzip.open",
            "bz2.open",
            "lzma.open",
            "codecs.open",
            "shelve.open",
            "linecache.",
            "aiofiles.",
            "numpy.load",
            "numpy.save",
            "numpy.savez",
            "numpy.loadtxt",
            "numpy.savetxt",
            "pandas.read_csv",
            "pandas.read_json",
            "pandas.read_excel",
            "pandas.read_parquet",
            "torch.load",
            "torch.save",
        ],
    ),
    (
        Medium::Network,
        &[
            "socket.",
            "ssl.",
            "requests.",
            "httpx.",
            "aiohttp.",
            "urllib.request.",
            "urllib3.",
            "http.client.",
            "http.server.",
            "ftplib.",
            "smtplib.",
            "imaplib.",
            "poplib.",
            "telnetlib.",
            "xmlrpc.client.",
            "socketserver.",
            "websockets.",
            "websocket.",
            "paramiko.",
            "boto3.",
            "botocore.",
            "grpc.",
            "asyncio.open_connection",
            "asyncio.start_server",
            "webbrowser.",
        ],
    ),
    (
        Medium::Processes,
        &[
            "subprocess.",
            "os.system",
            "os.popen",
            "os.fork",
            "os.kill",
            "os.killpg",
            "os.wait",
            "os.waitpid",
            "os.execv",
            "os.execve",
            "os.execvp",
            "os.execvpe",
            "os.execl",
            "os.execlp",
            "os.spawnv",
            "os.spawnl",
            "os.spawnvp",
            "os.startfile",
            "os.posix_spawn",
            "multiprocessing.Process",
            "multiprocessing.Pool",
            "asyncio.create_subprocess_exec",
            "asyncio.create_subprocess_shell",
            "pexpect.",
        ],
    ),
    (
        Medium::Environment,
        &[
            "os.environ",
            "os.environ.",
            "os.getenv",
            "os.putenv",
            "os.unsetenv",
            "os.chdir",
            "os.getcwd",
            "sys.argv",
            "pathlib.Path.cwd",
            "pathlib.Path.home",
            "os.path.expanduser",
            "os.path.expandvars",
        ],
    ),
    (
        Medium::Database,
        &[
            "sqlite3.",
            "psycopg2.",
            "psycopg.",
            "pymysql.",
            "MySQLdb.",
            "asyncpg.",
            "pymongo.",
            "redis.",
            "sqlalchemy.create_engine",
            "cx_Oracle.",
            "oracledb.",
            "pyodbc.",
        ],
    ),
    (
        Medium::Log,
        &["logging.", "warnings.warn", "syslog.", "loguru."],
    ),
    (
        Medium::Clock,
        &[
            "time.time",
            "time.time_ns",
            "time.sleep",
            "time.monotonic",
            "time.perf_counter",
            "time.localtime",
            "time.gmtime",
            "time.strftime",
            "time.ctime",
            "datetime.datetime.now",
            "datetime.datetime.utcnow",
            "datetime.datetime.today",
            "datetime.date.today",
            "asyncio.sleep",
        ],
    ),
    (
        Medium::Chance,
        &[
            "random.",
            "secrets.",
            "uuid.uuid1",
            "uuid.uuid4",
            "os.urandom",
            "numpy.random.",
        ],
    ),
];

/// Methods of `pathlib.Path` that only look at the path itself.
const PURE: [&str; 13] = [
    "joinpath",
    "with_suffix",
    "with_name",
    "with_stem",
    "relative_to",
    "is_relative_to",
    "as_posix",
    "as_uri",
    "match",
    "is_absolute",
    "is_reserved",
    "with_segments",
    "full_match",
];

/// Methods that no well-known object but a path has.
const OF_PATHS: [&str; 5] = [
    "read_text",
    "write_text",
    "read_bytes",
    "write_bytes",
    "iterdir",
];

/// What loggers are called by convention, and what is called on them.
const LOGGERS: [&str; 6] = ["logger", "log", "_logger", "_log", "LOGGER", "LOG"];
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "exception",
    "critical",
    "log",
];

/// What a call reaches.
pub(super) fn of_call(
    call: &ExprCall,
    source: &Source<'_>,
    names: &Names<'_, '_>,
) -> Option<InputOutput> {
    let (_, place) = names.resolve(&call.func);
    let written = dotted(&call.func);
    let full = place.map_or_else(|| written.clone(), |place| place.name);
    // A `print` to a file is no output to the terminal.
    let to_file = full == "print"
        && (call.arguments.find_keyword("file")).is_some_and(|file| {
            !matches!(dotted(&file.value).as_str(), "sys.stdout" | "sys.stderr")
        });
    let medium = match names.is_known(&call.func) {
        _ if to_file => Some(Medium::Files),
        true => medium(&full),
        false => None,
    };
    Some(InputOutput {
        medium: medium.or_else(|| by_convention(&written))?,
        operation: full,
        line: source.line_of(call),
    })
}

/// What reading an attribute reaches, such as `os.environ` and `sys.argv`.
pub(super) fn of_attribute(
    attribute: &ExprAttribute,
    source: &Source<'_>,
    names: &Names<'_, '_>,
) -> Option<InputOutput> {
    let name = attribute.attr.as_str();
    if !matches!(name, "environ" | "argv") {
        return None;
    }
    let full = names.full_name_of_attribute(&attribute.value, name)?;
    Some(InputOutput {
        medium: medium(&full)?,
        operation: full,
        line: source.line_of(attribute),
    })
}

/// What the function of this full name reaches.
fn medium(name: &str) -> Option<Medium> {
    if let Some(method) = name.strip_prefix("pathlib.Path.")
        && !PURE.contains(&method)
    {
        return Some(match method {
            "cwd" | "home" | "expanduser" => Medium::Environment,
            _ => Medium::Files,
        });
    }
    let fits = |known: &&str| match known.ends_with('.') {
        true => name.starts_with(*known),
        false => name == *known,
    };
    let found = NAMES.iter().find(|(_, names)| names.iter().any(fits));
    found
        .map(|(medium, _)| *medium)
        .filter(|_| !is_harmless(name))
}

/// Names of modules that reach out which do not: exceptions, and what only makes something.
fn is_harmless(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.ends_with("Error")
        || last.ends_with("Exception")
        || last.ends_with("Warning")
        || last.ends_with("Request")
        || last.ends_with("Formatter")
        || matches!(
            name,
            "logging.getLogger"
                | "subprocess.list2cmdline"
                | "urllib.request.Request"
                | "random.Random"
                | "shutil.which"
                | "socket.gethostname"
        )
}

/// What a call reaches whose receiver is not known, where its name leaves little doubt.
fn by_convention(written: &str) -> Option<Medium> {
    let (before, method) = written.rsplit_once('.')?;
    let receiver = before.rsplit('.').next().unwrap_or_default();
    if OF_PATHS.contains(&method) {
        return Some(Medium::Files);
    }
    (LOGGERS.contains(&receiver) && LEVELS.contains(&method)).then_some(Medium::Log)
}
