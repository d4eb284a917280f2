//! A hundred thousand pictures.

use super::*;

/// The folder that the next test's child measures its memory on.
const LARGE: &str = "INFERENCE_TEST_LARGE_FOLDER";

#[test]
#[ignore = "makes 100,000 files"]
fn a_hundred_thousand_pictures_are_queued_published_and_resumed_in_little_memory() {
    let this = "a_hundred_thousand_pictures_are_queued_published_and_resumed_in_little_memory";
    let this = format!("{}::{this}", module_path!().split_once("::").unwrap().1);
    if let Some(root) = std::env::var_os(LARGE) {
        return queue_publish_and_resume(Path::new(&root));
    }
    let root = memory_folder();
    let images = root.path().join("images");
    for number in 0..100_000 {
        let path = images.join(format!("box {}/folder {}", number / 10_000, number / 100 % 100));
        if number % 100 == 0 {
            fs::create_dir_all(&path).unwrap();
        }
        fs::write(path.join(format!("a photograph of something {number}.jpeg")), "x").unwrap();
    }

    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args([&this, "--exact", "--ignored", "--nocapture"]).env(LARGE, root.path());
    let output = child.output().unwrap();

    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn queue_publish_and_resume(root: &Path) {
    let settings = FolderSettings::new(root.join("images"), root.join("out"), vec![spec("1")]);
    let start = SystemTime::now();
    let resident = |what: &str| {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        let kilobytes: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        println!("{what}: peak {kilobytes} kB after {:?}", start.elapsed().unwrap());
        kilobytes
    };
    let before = resident("before");
    let folder = EmbeddedFolder::open(&settings).unwrap();
    assert_eq!(folder.census.queued, 100_000);
    resident("opened");
    index_in_batches(&folder);
    resident("indexed");
    assert_eq!(folder.finish().unwrap(), finished(100_000, 0, 0));
    resident("finished");
    drop(folder);
    let folder = EmbeddedFolder::open(&settings).unwrap();
    assert_eq!(folder.census.unchanged, 100_000);
    assert_eq!(folder.finish().unwrap(), finished(100_000, 0, 0));
    let after = resident("resumed");
    assert!(after - before < 60_000, "{} kB for 100,000 pictures", after - before);
}

/// Documents of 4 kB, a hundred at a time.
fn index_in_batches(folder: &EmbeddedFolder) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let spec = spec("1");
    runtime.block_on(async {
        while let Ok(Received::Messages(messages)) = folder.queue.receive(100).await {
            let ids: Vec<_> = messages.iter().map(|message| message.id.clone().unwrap()).collect();
            let records = folder.catalogue.retrieve(&ids).await.unwrap();
            let prepared = records.into_iter().map(|record| {
                let values =
                    vec![Value::Vector((1..300_u16).map(|i| 1.0 / f32::from(i)).collect())];
                let inferences = vec![Inference { spec: Arc::clone(&spec), values }];
                let augmented = Augmented { record: record.unwrap(), inferences };
                folder.index.prepare(&augmented).unwrap()
            });
            let prepared: Vec<_> = prepared.collect();
            folder.index.index(&prepared).await.unwrap();
            let receipts: Vec<_> = messages.into_iter().map(|message| message.receipt).collect();
            folder.queue.acknowledge(&receipts).await;
        }
    });
}
