//! `import-weights`: a published checkpoint becomes a model set.

use std::path::PathBuf;

use clap::Args;
use models::{ImportError, Imported, import};

use crate::console;
use crate::exit::{Exit, Stopped};

/// The options of `import-weights`.
///
/// The set proves itself on a golden picture at every start. Kernels and matrices are stored as f16
/// where that does no harm;
/// what that costs is printed. The checkpoint is read here and nowhere else: serving reads only the
/// set.
#[derive(Args, Clone, Debug)]
pub struct ImportOptions {
    /// The checkpoint, as it was published (a PyTorch .pth file)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The network that it holds: efficientnet-lite0, mobilenet-v2, resnet18, resnet50 or vgg16
    #[arg(long, value_name = "NAME")]
    pub architecture: String,

    /// The model set to write: the folder features/ in it
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Imports.
///
/// # Errors
/// [`Stopped`] with what is wrong with the name, the checkpoint (tensors by name) or a file.
pub fn run(options: &ImportOptions) -> Result<Exit, Stopped> {
    let ImportOptions { file, architecture, out } = options;
    let Imported { folder, sha256, bytes, dimensions, precision, loss } =
        import(architecture, file, out).map_err(|error| match error {
            ImportError::File { .. } => Stopped::unavailable(error),
            ImportError::Architecture { .. } | ImportError::Checkpoint { .. } => {
                Stopped::usage(error)
            }
        })?;
    console::answer(format_args!("wrote {}", folder.display()));
    console::answer(format_args!(
        "{dimensions} dimensions, {bytes} bytes of weights, sha256 {sha256}"
    ));
    console::answer(format_args!(
        "stored as {precision}, the golden vector is off by {:.1e} at most, cosine {:.9}",
        loss.max_abs, loss.cosine
    ));
    console::answer(format_args!("run it: inference-manager run --models {}", out.display()));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_names_every_network_that_can_be_imported() {
        let command = ImportOptions::augment_args(clap::Command::new("import-weights"));
        let option = command.get_arguments().find(|option| option.get_id() == "architecture");
        let manual = option.and_then(|option| option.get_help()).expect("it has a manual");

        let manual = manual.to_string();
        let names: Vec<_> = manual
            .split([' ', ','])
            .filter(|word| models::architecture::by_name(word).is_some())
            .collect();
        assert_eq!(names, models::architecture::importable());
    }
}
