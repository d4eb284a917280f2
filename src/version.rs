//! What `--version` says: version, commit, devices and what they are on this host.

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from.
pub const COMMIT: &str = env!("GIT_COMMIT");

/// The version and commit on one line.
pub const SHORT: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("GIT_COMMIT"), ")");

/// Version, commit, devices, what networks compute on, instruction sets.
#[must_use]
pub fn long() -> String {
    let devices: Vec<String> = models::Device::ALL.iter().map(ToString::to_string).collect();
    format!(
        "{SHORT}\ndevices: {}\nnetworks compute by default on: {}\ninstruction sets: {}",
        devices.join(", "),
        models::Device::default().served_by(),
        instruction_sets().join(", ")
    )
}

/// The instruction sets of this host that matter for inference.
#[must_use]
pub fn instruction_sets() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let asked = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let asked: [(&str, bool); 0] = [];
    let found = asked.into_iter().filter_map(|(name, found)| found.then_some(name));
    std::iter::once(std::env::consts::ARCH).chain(found).collect()
}
