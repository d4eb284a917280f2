//! TLS of the whole process: rustls with ring, so that nothing needs cmake, nasm or a system library.

/// Makes ring the process's cryptography. To be called before any HTTPS client is built; a second call
/// changes nothing.
pub fn install() {
    // An error says that a provider is installed already, and only this function installs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
