//! What an API server says when it does not do what it is asked.

/// A resource that is gone by now needs nothing.
pub(super) fn unless_gone(error: kube::Error) -> Result<(), kube::Error> {
    match error {
        kube::Error::Api(status) if status.code == 404 => Ok(()),
        other => Err(other),
    }
}

/// An error without what the API server repeats of the request, which may be secret.
pub(super) fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        other => other.to_string(),
    }
}

/// Whether a namespace is being deleted: it takes nothing new, and what is in it goes anyway.
pub(super) fn is_ending(status: &kube::core::Status) -> bool {
    let mut causes = status.details.iter().flat_map(|it| &it.causes);
    causes.any(|it| it.reason == "NamespaceTerminating")
}
