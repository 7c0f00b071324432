//! The variable `OTEL_PROPAGATORS`.

use super::Propagators;

impl Propagators {
    /// Those that a list like `OTEL_PROPAGATORS` names, and warnings about what it names in vain.
    ///
    /// The names are `tracecontext`, `baggage` and `none`, in any case, separated by commas;
    /// repeated ones count once. Without a list, or with an empty one, it is the default, both.
    /// Others (`b3`, `jaeger`, ...) are not supported and left out; if nothing is left, it is the
    /// default. `none` beside others is left out, too.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_otel_hook::Propagators;
    ///
    /// let (_, warnings) = Propagators::from_list(Some("tracecontext,b3"));
    /// assert_eq!(
    ///     warnings,
    ///     [r#"OTEL_PROPAGATORS: "b3" is not supported; used instead: tracecontext"#]
    /// );
    /// ```
    pub fn from_list(list: Option<&str>) -> (Self, Vec<String>) {
        let (mut trace_context, mut baggage) = (false, false);
        let mut none = None;
        let mut unknown: Vec<&str> = Vec::new();
        for name in list.unwrap_or_default().split(',').map(str::trim) {
            match name.to_ascii_lowercase().as_str() {
                "tracecontext" => trace_context = true,
                "baggage" => baggage = true,
                "none" => none = Some(name),
                "" => {}
                _ if unknown.contains(&name) => {}
                _ => unknown.push(name),
            }
        }
        let named = trace_context || baggage;
        let chosen = if named || none.is_some() {
            Self::of(trace_context, baggage)
        } else {
            Self::default()
        };
        let mut warnings: Vec<String> = unknown
            .into_iter()
            .map(|name| {
                format!(
                    "OTEL_PROPAGATORS: {name:?} is not supported; used instead: {}",
                    chosen.names()
                )
            })
            .collect();
        if let Some(none) = none.filter(|_| named) {
            warnings.push(format!(
                "OTEL_PROPAGATORS: {none:?} stands beside others; used instead: {}",
                chosen.names()
            ));
        }
        (chosen, warnings)
    }

    fn names(&self) -> &'static str {
        match (self.trace_context, self.baggage) {
            (true, true) => "tracecontext,baggage",
            (true, false) => "tracecontext",
            (false, true) => "baggage",
            (false, false) => "none",
        }
    }
}
