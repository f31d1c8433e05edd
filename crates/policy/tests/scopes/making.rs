//! Networks, volumes and names for something new.

use crate::daemon::Front;

#[test]
fn networks_and_volumes_are_made_within_bounds() {
    let front = Front::granting(
        "role = \"deployer\"\nsubnets = [\"172.28.0.0/16\"]\nbinds = [\"/srv/app\"]",
    );
    front.check(&[
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"bridge","IPAM":{"Driver":"default","Config":[]}}"#,
            "allow",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"macvlan","Options":{"parent":"eth0"}}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Driver":"host"}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Options":{"com.docker.network.bridge.name":"docker0"}}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","IPAM":{"Config":[{"Subnet":"172.28.5.0/24"}]}}"#,
            "allow",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","IPAM":{"Config":[{"Subnet":"10.0.0.0/8"}]}}"#,
            "SL-A071",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Attachable":true}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","Scope":"swarm"}"#,
            "SL-A075",
        ),
        (
            "POST /networks/create",
            r#"{"Name":"n","ConfigFrom":{"Network":"x"}}"#,
            "SL-A075",
        ),
        ("POST /networks/create", r#"{"Name":"host"}"#, "SL-A081"),
        (
            "POST /networks/create",
            r#"{"Name":"0123456789ab"}"#,
            "SL-A081",
        ),
        (
            "POST /networks/net-mine/connect",
            r#"{"Container":"mine"}"#,
            "allow",
        ),
        (
            "POST /networks/net-mine/connect",
            r#"{"Container":"theirs"}"#,
            "hide",
        ),
        (
            "POST /networks/net-theirs/connect",
            r#"{"Container":"mine"}"#,
            "hide",
        ),
        (
            "POST /networks/host/connect",
            r#"{"Container":"mine"}"#,
            "SL-A069",
        ),
        (
            "POST /networks/net-mine/disconnect",
            r#"{"Container":"theirs","Force":true}"#,
            "hide",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","Driver":"local"}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"vol-theirs"}"#,
            "SL-A072",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind","device":"/etc"}}"#,
            "SL-A065",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"none","o":"bind","device":"/srv/app"}}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"nfs","o":"addr=1.2.3.4","device":":/"}}"#,
            "SL-A075",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","DriverOpts":{"type":"tmpfs","o":"size=1m","device":"tmpfs"}}"#,
            "allow",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","Driver":"sshfs"}"#,
            "SL-A072",
        ),
        (
            "POST /volumes/create",
            r#"{"Name":"v","ClusterVolumeSpec":{"Group":"x"}}"#,
            "SL-A075",
        ),
        (
            "POST /containers/create?name=0123456789ab",
            r#"{"Image":"alpine"}"#,
            "SL-A081",
        ),
        (
            "POST /containers/mine/rename?name=bbbbbbbbbbbb",
            "",
            "SL-A081",
        ),
        ("POST /containers/mine/rename?name=web", "", "allow"),
        (
            "POST /containers/mine/start?checkpoint=x&checkpoint-dir=/",
            "",
            "SL-A075",
        ),
        ("GET /containers/mine/top?ps_args=-eo+args", "", "SL-A075"),
        ("GET /containers/mine/top", "", "allow"),
        ("DELETE /containers/mine?link=1", "", "SL-A075"),
    ]);
}
