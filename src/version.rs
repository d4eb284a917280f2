//! What `--version` says: version, commit, devices and the instruction sets of this host.

/// The version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from.
pub const COMMIT: &str = env!("GIT_COMMIT");

/// The version and commit on one line.
pub const SHORT: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("GIT_COMMIT"), ")");

/// Version, commit, devices, instruction sets.
#[must_use]
pub fn long() -> String {
    let devices: Vec<String> = models::Device::ALL.iter().map(ToString::to_string).collect();
    format!(
        "{SHORT}\ndevices: {}\ninstruction sets: {}",
        devices.join(", "),
        instruction_sets().join(", ")
    )
}

/// The instruction sets of this host that matter for inference.
#[must_use]
pub fn instruction_sets() -> Vec<&'static str> {
    let mut sets = vec![std::env::consts::ARCH];
    #[cfg(target_arch = "x86_64")]
    {
        let found = [
            ("avx2", std::arch::is_x86_feature_detected!("avx2")),
            ("fma", std::arch::is_x86_feature_detected!("fma")),
            ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ];
        sets.extend(found.into_iter().filter_map(|(name, found)| found.then_some(name)));
    }
    sets
}
