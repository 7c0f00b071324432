/// What happens to tools that change something while the trail cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// They are denied, and the model is told why.
    #[default]
    FailClosed,
    /// They run; how many did is counted, and stands in the trail once it can be written again.
    Degrade,
}

/// What *safe* means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Durability {
    /// On the disk: survives the machine's death.
    #[default]
    Disk,
    /// With the operating system: survives the process's death only. For disks on which waiting
    /// costs too much.
    Process,
}
