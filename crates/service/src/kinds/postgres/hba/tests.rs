use super::{Demands, Include, Standbys, rewrite};

const FULL: Demands = Demands {
    certificates: true,
    standbys: None,
};
const TLS: Demands = Demands {
    certificates: false,
    standbys: None,
};

#[track_caller]
fn check(demands: Demands, text: &str, expected: &str) {
    let out = rewrite(text.as_bytes(), demands).unwrap().text;
    assert_eq!(String::from_utf8_lossy(&out), expected);
    let again = rewrite(&out, demands).unwrap().text;
    assert_eq!(again, out, "a second time changes nothing");
}

/// What Debian's package writes.
#[test]
fn a_stock_file() {
    check(
        FULL,
        "# Database administrative login by Unix domain socket\n\
         local   all             postgres                                peer\n\
         \n\
         # TYPE  DATABASE        USER            ADDRESS                 METHOD\n\
         host    all             all             127.0.0.1/32            scram-sha-256\n\
         host    all             all             ::1/128                 scram-sha-256\n\
         local   replication     all                                     peer\n\
         host    replication     all             127.0.0.1/32            scram-sha-256\n",
        "# Database administrative login by Unix domain socket\n\
         local   all             postgres                                peer\n\
         \n\
         # TYPE  DATABASE        USER            ADDRESS                 METHOD\n\
         hostssl all             all             127.0.0.1/32            scram-sha-256 clientcert=verify-full\n\
         hostssl all             all             ::1/128                 scram-sha-256 clientcert=verify-full\n\
         local   replication     all                                     peer\n\
         hostssl replication     all             127.0.0.1/32            scram-sha-256 clientcert=verify-full\n",
    );
}

#[test]
fn every_form_of_a_line() {
    let stays = |text: &str| check(FULL, text, text);
    for (text, expected) in [
        (
            "host all all all md5",
            "hostssl all all all md5 clientcert=verify-full",
        ),
        // Tabs, a comment at the end, CRLF.
        (
            "host\tall\tall\tall\ttrust # why\r\n",
            "hostssl\tall\tall\tall\ttrust clientcert=verify-full # why\r\n",
        ),
        (
            "host a b c md5#x",
            "hostssl a b c md5 clientcert=verify-full#x",
        ),
        // Lists, quotes, a blank and a comma and a sharp inside of quotes.
        (
            "host \"a, #\"\"b\",c , \"all\",@users .example.org ldap ldapserver=x \"ldapbasedn=a b\"",
            "hostssl \"a, #\"\"b\",c , \"all\",@users .example.org ldap ldapserver=x \"ldapbasedn=a b\" clientcert=verify-full",
        ),
        (
            "host all all 10.0.0.0 255.0.0.0 md5",
            "hostssl all all 10.0.0.0 255.0.0.0 md5 clientcert=verify-full",
        ),
        (
            "hostnogssenc all all all md5",
            "hostssl all all all md5 clientcert=verify-full",
        ),
        (
            "hostssl all all all md5",
            "hostssl all all all md5 clientcert=verify-full",
        ),
        // The method demands it by itself, and only needs TLS.
        (
            "host all all all cert map=m",
            "hostssl all all all cert map=m",
        ),
        (
            "host replication all 127.0.0.1 255.255.255.255 md5",
            "hostssl replication all 127.0.0.1 255.255.255.255 md5 clientcert=verify-full",
        ),
        // A database that is called so is none.
        (
            "host \"replication\" all 10.0.0.0/8 md5",
            "hostssl \"replication\" all 10.0.0.0/8 md5 clientcert=verify-full",
        ),
    ] {
        check(FULL, text, expected);
    }
    for text in [
        "",
        "\n\r\n  \t\n",
        "#host all all all md5\n",
        "local all all peer\n",
        "host all all 10.0.0.0/8 reject\n",
        "hostnossl all all all reject\n",
        "hostgssenc all all all reject\n",
        "hostssl all all all cert\n",
        "hostssl all all all scram-sha-256 clientcert=verify-full\n",
        "hostssl all all all scram-sha-256 \"clientcert=verify-ca\"\n",
        "hostssl replication all 10.0.0.0/8 md5 clientcert=1\n",
    ] {
        stays(text);
    }
    check(TLS, "host all all all md5\n", "hostssl all all all md5\n");
    check(
        TLS,
        "host replication all 10.0.0.0/8 md5",
        "hostssl replication all 10.0.0.0/8 md5",
    );
    check(
        TLS,
        "hostgssenc all all all gss",
        "hostgssenc all all all gss",
    );
}

#[test]
fn lines_for_standbys() {
    let line = "host all,replication all 10.0.0.0/8 md5";
    let with = |standbys| Demands {
        certificates: true,
        standbys,
    };
    check(with(Some(Standbys::Left)), line, line);
    check(
        with(Some(Standbys::Required)),
        line,
        "hostssl all,replication all 10.0.0.0/8 md5 clientcert=verify-full",
    );
    for line in [
        line,
        "host replication all 127.0.0.0/7 md5",
        "host replication all 127.0.0.1 0.0.0.0 md5",
        "host replication all ::1/64 md5",
        "hostssl replication all standby.example.org md5",
    ] {
        let refused = rewrite(line.as_bytes(), with(None)).unwrap_err();
        assert!(refused.problem.contains("standbys"), "{line}: {refused:?}");
        assert!(refused.help.unwrap().starts_with("replication = \""));
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (line, why) in [
        ("hots all all all md5", "`hots` is no type of connection"),
        ("host,local all all all md5", "no type of connection"),
        ("host all all all", "ends before its method"),
        ("host all all", "ends before its method"),
        ("host all all 10.0.0.1 md5", "neither a prefix nor a mask"),
        ("host all all a,b md5", "more than one address"),
        ("host all all all md6", "`md6` is no method"),
        (
            "host all all 127.1 255.0.0.0 md5",
            "`255.0.0.0` is no method",
        ),
        (
            "host all all all md5 verify-full",
            "`verify-full` is no option",
        ),
        (
            "hostssl all all all md5 clientcert=0",
            "without a certificate",
        ),
        (
            "hostssl all all all md5 clientcert=verify-full clientcert=no-verify",
            "without a certificate",
        ),
        ("hostnossl all all all md5", "without TLS only"),
        ("hostgssenc all all all gss", "GSSAPI"),
        ("host \"all all all md5", "quote is not closed"),
        ("# a comment \\", "goes on in the next line"),
        ("host all all all md5 \\\r", "goes on in the next line"),
        ("local all\0", "zero byte"),
        ("include", "one file"),
        ("include a b", "one file"),
    ] {
        let text = format!("# one\n\n{line}\nlocal all all peer\n");
        let refused = rewrite(text.as_bytes(), FULL).unwrap_err();
        assert_eq!(refused.line, Some(3), "{line:?}: {refused:?}");
        assert!(refused.problem.contains(why), "{line:?}: {refused:?}");
    }
}

#[test]
fn other_files_are_named() {
    let text = "include a.conf\ninclude_if_exists \"b c\"\ninclude_dir /d # x\n";
    let rewritten = rewrite(text.as_bytes(), FULL).unwrap();
    assert_eq!(rewritten.text, text.as_bytes());
    let expected = [
        Include::File("a.conf".into()),
        Include::IfExists("b c".into()),
        Include::Folder("/d".into()),
    ];
    assert_eq!(rewritten.includes, expected);
}
