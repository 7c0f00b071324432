//! Workloads as text: for a shell, as data, for Compose.

mod compose;
mod env;
mod interpolation;
mod masks;
mod shell;
mod yaml_data;

use crate::reading::Resources;
use crate::workload::Workloads;
use masks::Masks;

/// What workloads are shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenderFormat {
    /// The variables of each, as a shell reads them, each with who says so.
    Env,
    /// All of it as YAML.
    Yaml,
    /// A file for Compose.
    Compose,
}

/// What takes secrets out of a text that says something of workloads or resources, such as a [`Finding`](crate::Finding)'s line: the
/// same that [`render`] takes out of what it shows.
///
/// # Example
///
/// ```
/// use kaos_operator::{Defaults, NetworkAddresses, Reading, Source, masking, read, workloads};
///
/// let text = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {key: hunter2-hunter2}}";
/// let (resources, _findings) = read(&[Source::new("s.yaml", text)], &Reading::default());
/// let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
/// let safe = masking(&all, &resources, &str::to_owned);
/// assert_eq!(safe("there is no hunter2-hunter2"), "there is no [masked]");
/// ```
pub fn masking<'m>(
    workloads: &Workloads,
    resources: &Resources,
    redact: &'m dyn Fn(&str) -> String,
) -> impl Fn(&str) -> String + 'm {
    let masks = Masks::new(workloads, resources, redact);
    move |text| masks.text(text).into_text()
}

/// Shows workloads. The same workloads give the same bytes.
///
/// No secret is shown: a value from a Secret is named, not looked up; a variable whose name is that of a secret (`…KEY`,
/// `…TOKEN`, `…PASSWORD` and their like) is masked, and so is, wherever it stands, the value of a Secret among
/// the resources, each of its lines, and both in base64 and in a URL. All texts that are shown go through `redact` besides, one by one, so that the form stays whole.
///
/// # Errors
///
/// Why there is no such form of these workloads: Compose has no namespaces.
pub fn render(
    workloads: &Workloads,
    resources: &Resources,
    form: RenderFormat,
    redact: &dyn Fn(&str) -> String,
) -> Result<String, String> {
    let masks = Masks::new(workloads, resources, redact);
    match form {
        RenderFormat::Env => Ok(env::shown(&workloads.workloads, resources, &masks)),
        RenderFormat::Yaml => yaml_data::shown(&workloads.workloads, &masks),
        RenderFormat::Compose => compose::shown(&workloads.workloads, resources, &masks),
    }
}
