//! A log, `openssl ts` over HTTP, and what goes wrong.

use std::net::{SocketAddr, TcpListener};

use domain::keys::SecretKey;
use testkit::loopback::own_address;
use testkit::stamps::OpensslAuthority;
use timestamp::Token;
use tlog::{Log, WitnessKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

use super::*;

/// A log in a folder, and an authority beside it.
struct Scene {
    folder: tempfile::TempDir,
    log: Log<FileStore>,
    authority: OpensslAuthority,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = FileStore::open(&path("log"), &path("head")).unwrap();
        let key = SecretKey::from_seed(&Zeroizing::new([5; 32]));
        let log = Log::open(store, "example.org/log", key).unwrap();
        fs::create_dir(path("authority")).unwrap();
        let key = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let authority = OpensslAuthority::create(&path("authority"), &key).unwrap();
        Self { folder, log, authority }
    }

    fn stamper(&self, address: SocketAddr) -> Stamper {
        let text = format!(
            "url = \"http://{address}/\"\nroots = {:?}\nevery = \"1h\"\n",
            self.authority.path("root.pem")
        );
        let config: StampsConfig = toml::from_str(&text).unwrap();
        let (folder, key) = (self.folder.path(), self.log.key().clone());
        let root = folder.join("trusted_root.json");
        let root = TrustedRootFile::create(root, key.clone(), &[]).unwrap();
        let authority = config.authority().unwrap();
        Stamper::new(authority, config.every, &folder.join("log"), key, Arc::new(root))
    }

    fn append(&mut self, entry: &str) {
        self.log.append(&[entry.as_bytes().to_vec()]).unwrap();
    }
}

#[tokio::test]
async fn what_nobody_cosigned_is_not_stamped_but_for_an_empty_log() {
    let mut scene = Scene::new();
    let address = scene.authority.clone().serve().unwrap();
    let secret = SecretKey::from_seed(&Zeroizing::new([6; 32]));
    let witness = WitnessKey::new("w.example/office", secret.public()).unwrap();
    let policy = format!("log {}\nwitness w {witness}\nquorum w\n", scene.log.key());
    let policy: Policy = policy.parse().unwrap();
    let stamper = scene.stamper(address).of_cosigned(Some(policy.clone()));
    assert_eq!(stamper.stamp().await.unwrap().unwrap().0, 0);
    scene.append("first");
    assert_eq!(stamper.stamp().await.unwrap(), None);
    let checkpoint = scene.log.checkpoint().checkpoint().clone();
    let line = witness.cosign(&checkpoint, now(), &secret).unwrap();
    scene.log.cosign(&[line], &policy).unwrap().quorum.unwrap();
    assert_eq!(stamper.stamp().await.unwrap().unwrap().0, 1);
}

#[tokio::test]
async fn a_checkpoint_is_stamped_when_it_has_grown() {
    let mut scene = Scene::new();
    scene.append("first");
    let address = scene.authority.clone().serve().unwrap();
    let stamper = scene.stamper(address);
    let (size, stamped) = stamper.stamp().await.unwrap().unwrap();
    assert_eq!((size, stamped.authority()), (1, "CN=openssl test authority"));
    assert_eq!(stamper.stamp().await.unwrap(), None);
    scene.append("second");
    assert_eq!(stamper.stamp().await.unwrap().unwrap().0, 2);

    let kept = StampFolder::new(&scene.folder.path().join("log/stamps")).all().unwrap();
    assert_eq!(kept.iter().map(|stamp| stamp.size).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(kept[1].note, scene.log.checkpoint().note());
    let roots = Authorities::from_pem(&scene.authority.root().unwrap(), &[]).unwrap();
    for stamp in &kept {
        let digest = Digest::of(stamp.note.as_bytes());
        let token = Token::from_response(&stamp.response).unwrap();
        token.verify(&digest, &roots, now().plus_seconds(60)).unwrap();
    }
    // The log goes on with the stamps in its folder.
    scene.append("third");
    assert_eq!(scene.log.size(), 3);
}

#[tokio::test]
async fn what_cannot_be_stamped_is_told_and_kept_for_the_next_time() {
    let mut scene = Scene::new();
    scene.append("first");
    let reason = |outcome: Result<_, StampingError>| outcome.unwrap_err().reason();
    let gone = own_address().unwrap();
    assert_eq!(reason(scene.stamper(gone).stamp().await), "timestamp.unreachable");
    // Another authority answers, whose root has the same name and another key.
    let folder = tempfile::tempdir().unwrap();
    let key = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let other = OpensslAuthority::create(folder.path(), &key).unwrap().serve().unwrap();
    assert_eq!(reason(scene.stamper(other).stamp().await), "timestamp.chain");
    for (head, expected) in [
        ("HTTP/1.1 503 Busy\r\n\r\n", "timestamp.status"),
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n", "timestamp.status"),
        ("HTTP/1.1 200 OK\r\n\r\n<html>", "timestamp.malformed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n0", "timestamp.unreachable"),
    ] {
        let address = once(head.as_bytes().to_vec());
        assert_eq!(reason(scene.stamper(address).stamp().await), expected, "{head}");
    }
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![0x30; 70_000]].concat();
    assert_eq!(reason(scene.stamper(once(endless)).stamp().await), "timestamp.too-large");
    assert!(!scene.folder.path().join("log/stamps").exists());

    let address = scene.authority.clone().serve().unwrap();
    assert_eq!(scene.stamper(address).stamp().await.unwrap().unwrap().0, 1);
    // A checkpoint of another log in the folder.
    let path = scene.folder.path().join("log/checkpoint");
    let altered =
        fs::read_to_string(&path).unwrap().replace("example.org/log", "example.org/other");
    fs::write(&path, altered).unwrap();
    assert_eq!(reason(scene.stamper(address).stamp().await), "log.origin");
}

/// Answers one request with these bytes.
fn once(answer: Vec<u8>) -> SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 1024];
        // The request's last element is TRUE.
        while !request.ends_with(&[1, 1, 0xff]) {
            let read = stream.read(&mut chunk).unwrap();
            request.extend_from_slice(&chunk[..read]);
        }
        // A client that has seen enough may be gone.
        let _gone = stream.write_all(&answer);
    });
    address
}

#[tokio::test]
async fn what_failed_is_not_missed_for_an_hour() {
    let mut scene = Scene::new();
    scene.append("first");
    let address = own_address().unwrap();
    let stamper = Stamper { again: Duration::from_millis(20), ..scene.stamper(address) };
    let stamps = StampFolder::new(&scene.folder.path().join("log/stamps"));
    let authority = scene.authority.clone();
    let watch = async {
        // Hangs up on the first request.
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        drop(listener.accept().await.unwrap());
        drop(listener);
        let serving = authority.serve_at(address).unwrap();
        while stamps.newest().unwrap() != Some(1) {
            tokio::task::yield_now().await;
        }
        drop(serving);
    };
    tokio::select! {
        () = stamper.run() => panic!("it ended by itself"),
        () = watch => {}
    }
}

#[test]
fn intervals_are_hours_minutes_or_seconds() {
    let seconds = |text| duration(text).map(|every| every.as_secs());
    for (text, expected) in [("1h", 3600), ("15m", 900), ("30s", 30), ("168h", MOST_S)] {
        assert_eq!(seconds(text), Some(expected));
    }
    for text in
        ["", "h", "0h", "01h", "+1h", "1", "1d", "1.5h", "169h", "18446744073709551615h", "-1h"]
    {
        assert_eq!(seconds(text), None, "{text}");
    }
}

#[test]
fn a_wrong_configuration_is_told_at_the_start() {
    let scene = Scene::new();
    let start = |url: &str, roots: &str| {
        let config = StampsConfig {
            url: url.to_owned(),
            roots: scene.authority.path(roots),
            certificates: None,
            every: Duration::from_secs(3600),
        };
        config.authority().unwrap_err().reason()
    };
    assert_eq!(start("ftp://tsa.example.org", "root.pem"), "timestamp.address");
    assert_eq!(start("tsa.example.org", "root.pem"), "timestamp.address");
    assert_eq!(start("http://me@tsa.example.org", "root.pem"), "timestamp.address");
    assert_eq!(start("http://tsa.example.org", "openssl.cnf"), "timestamp.malformed");
    assert_eq!(start("http://tsa.example.org", "absent.pem"), "node.file");
}
