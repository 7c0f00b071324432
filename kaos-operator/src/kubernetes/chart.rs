//! What installs the operator: the chart for Helm, and the same objects where there is no Helm.

mod controller;
mod kinds;
mod release;
mod released;
mod schema;
mod set;
mod values;

use std::borrow::Cow;

use super::crds::crds_yaml;
use super::role::roles_yaml;
use super::settings::OperatorSettings;

pub use release::{release, released_kinds};
pub use released::released;
pub use schema::values_schema;
pub use values::ChartValues;

/// Stands in the chart's roles for the namespace that they are installed into.
const NAMESPACE: &str = "release-namespace";

/// Files of the chart that are written by hand.
const WRITTEN: &[(&str, &str)] = &[
    (".helmignore", include_str!("../../chart/.helmignore")),
    ("Chart.yaml", include_str!("../../chart/Chart.yaml")),
    ("values.yaml", include_str!("../../chart/values.yaml")),
    (
        "templates/NOTES.txt",
        include_str!("../../chart/templates/NOTES.txt"),
    ),
    (
        "templates/_labels.tpl",
        include_str!("../../chart/templates/_labels.tpl"),
    ),
    (
        "templates/account.yaml",
        include_str!("../../chart/templates/account.yaml"),
    ),
    (
        "templates/config.yaml",
        include_str!("../../chart/templates/config.yaml"),
    ),
    (
        "templates/gateway.yaml",
        include_str!("../../chart/templates/gateway.yaml"),
    ),
    (
        "templates/operator.yaml",
        include_str!("../../chart/templates/operator.yaml"),
    ),
    (
        "templates/roles.yaml",
        include_str!("../../chart/templates/roles.yaml"),
    ),
];

/// The chart: each file's path in it, and its text. What can be made of the program's own types (the CRDs, the roles, the
/// schema of the values) is; the folder `chart` of this crate has the same files.
///
/// # Errors
///
/// None that is known: what is written is data of ours.
pub fn chart() -> Result<Vec<(&'static str, Cow<'static, str>)>, String> {
    let roles = |gateway: &str| {
        let vars = [
            ("SYSTEM_NAMESPACE", NAMESPACE),
            ("GATEWAY_API_ENABLED", gateway),
        ];
        let get = |name: &str| {
            let said = vars.iter().find(|(known, _)| *known == name);
            said.map(|(_, value)| (*value).to_owned())
        };
        let settings = OperatorSettings::from_vars(get).map_err(|it| it.to_string())?;
        roles_yaml(&settings)
    };
    let schema = serde_json::to_string_pretty(&values_schema()).map_err(|it| it.to_string())?;
    let made = [
        ("crds/kaos.yaml", crds_yaml()?),
        ("files/roles.yaml", roles("false")?),
        ("files/roles-gateway.yaml", roles("true")?),
        ("values.schema.json", schema + "\n"),
    ];
    let written = WRITTEN
        .iter()
        .map(|(path, text)| (*path, Cow::Borrowed(*text)));
    let made = made.map(|(path, text)| (path, Cow::Owned(text)));
    Ok(written.chain(made).collect())
}
