//! Secrets of kinds that nobody listed, row by row, and what looks like them and stays.

use kaos_hooks::redact::{Class, Redactor};

use super::hostile::cpu;

/// What goes (in a text, a secret), by what gives it away.
type Rows = &'static [(&'static str, &'static str)];

#[track_caller]
fn go(rows: Rows) {
    let redactor = Redactor::new();
    let mut left = Vec::new();
    for (text, secret) in rows {
        assert!(text.contains(secret), "{text}");
        let safe = redactor.any(text);
        if safe.as_str().contains(secret) {
            left.push(*text);
        }
    }
    assert!(left.is_empty(), "{left:#?}");
}

#[track_caller]
fn stay(texts: &[&str]) {
    let redactor = Redactor::new();
    for text in texts {
        assert_eq!(redactor.any(text).as_str(), *text);
    }
}

#[test]
fn passwords_that_look_like_words_go_where_a_file_writes_them_out() {
    go(&[
        ("host = db\npassword = sunny_orchard\n", "sunny_orchard"),
        ("MAILER_PASSWORD=mailer_pass # the mailer", "mailer_pass"),
        ("export DB_PASSWORD=harbor\n", "harbor"),
        ("environment:\n  - DB_PASSWORD=harbor\n", "harbor"),
        ("spring:\n  password: harbor\n  user: kim\n", "harbor"),
        ("Server=db1;User Id=app;Password=harbor;Timeout=3", "harbor"),
        ("Password=harbor;Server=db1", "harbor"),
        ("host=db1 user=app password=harbor dbname=app", "harbor"),
        ("https://a.example/login?user=kim&password=harbor", "harbor"),
        ("  username 'kim'\n  password 'hunter'\n", "hunter"),
        ("jwtSigningsecret: \"(!x.=dR7@k#w*q\"", "(!x.=dR7@k#w*q"),
        (
            "SECRET_KEY = 'django-insecure-$(a9z#{k!w7%s&x@q(2)b+e^m'",
            "django-insecure-$(a9z#{k!w7%s&x@q(2)b+e^m",
        ),
        (
            "APP_KEY=base64:q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
            "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
        ),
        ("password=my_S3cretPw!99", "my_S3cretPw!99"),
        (
            "tls:\n  password: |\n    first harbor\n    second line\n  host: x\n",
            "first harbor",
        ),
        ("secret: >-\n  harbor light\nnext: 1\n", "harbor light"),
        ("contraseña = playa\n", "playa"),
        ("пароль: солнце\n", "солнце"),
        ("mot_de_passe: soleil\n", "soleil"),
        ("Passwort: sonnig\n", "sonnig"),
        ("passwords: 'harbor'\n", "harbor"),
        ("password_admin = 'h4rbor!'\n", "h4rbor!"),
        ("password ?= 'harbor'", "harbor"),
        ("token ::= \"q9w8e7r6t5\"", "q9w8e7r6t5"),
        ("var password string = \"harbor\"", "harbor"),
        ("config.password ||= 'harbor'", "harbor"),
        ("password = SecretStr(\"harbor\")", "harbor"),
        ("ALTER ROLE kim WITH PASSWORD 'harbor'", "harbor"),
        ("<password>\n  harbor\n</password>\n", "harbor"),
        ("“password”: “harb0r!”", "harb0r!"),
    ]);
    stay(&[
        "password = $DB_PASSWORD\n",
        "password = ${DB_PASSWORD}\n",
        "password: #{node['password']}\n",
        "password = getpass()\n",
        "password: SecretStr\n",
        "password: string\n",
        "password = None\n",
        "password = changeme\n",
        "password: ****\n",
        "password: <your password>\n",
        "    password = other_name\n",
        "connect(host=host, password=pw, user=user)",
        "let password = hunter;",
        "password_policy = 'strict!1'\n",
        "tokens_used: 12345678\n",
        "max_tokens=4096\n",
        "token_type: \"bearer12345678\"\n",
        "secret_name = 'db-1!'\n",
        "keyboard = 'qw3rty!!'\n",
        "password: |\n",
        "arn:aws:secretsmanager:eu-1:123:secret:orders-a1b2c3\n",
    ]);
}

#[test]
fn secrets_that_stand_in_their_place_go() {
    go(&[
        ("tool -u kim:hunter42 https://a.example", "hunter42"),
        (
            "curl --cacert ca.crt -u elastic:P@ssw0rd$1 https://a.example",
            "P@ssw0rd$1",
        ),
        (
            "DriverManager.getConnection(url, \"kim\", \"harbor\");",
            "harbor",
        ),
        ("client.login(\"kim\", \"harbor\")", "harbor"),
        ("new UsernamePasswordCredentials('kim', 'harbor')", "harbor"),
        ("connect(url, \"kim\", \"harbor\")", "harbor"),
        (
            "buildConfigField \"String\", \"API_SECRET\", \"\\\"harbor\\\"\"",
            "harbor",
        ),
        ("System.setProperty(\"db.password\", \"harbor\")", "harbor"),
        ("putenv('DB_PASSWORD', 'harbor')", "harbor"),
        ("setPassword(\"harbor\")", "harbor"),
        (
            "keys: (\"AKIAIOSFODNN7EXAMPLE\", \"wJ4lrXUtnF3MIK7MD5NGbPxR6iCYz8XAMPL3K4Y9\")",
            "wJ4lrXUtnF3MIK7MD5NGbPxR6iCYz8XAMPL3K4Y9",
        ),
    ]);
    stay(&[
        "docker run -u 1000:1000 image",
        "docker run --user node:node image",
        "chown -R -u www-data:www-data /srv",
        "button.connect(\"clicked\", \"handler\")",
        "login(user, password)",
        "label(\"password\", \"harbor\")",
    ]);
}

#[test]
fn random_tokens_without_a_name_go_and_other_random_text_stays() {
    let token = "aB3dE5fG7hIjK2lM4nO6pQrS8tUvW0xYz1";
    let redactor = Redactor::new();
    for text in [
        "{}",
        "first line\n{}\nlast line\n",
        "  - \"{}\",\n",
        "license {} is valid",
        "your access is {} for now",
        "the key of this deployment, for all of us: {}",
        "{\"x\": \"{}\"}",
    ] {
        let text = text.replace("{}", token);
        assert!(!redactor.any(&text).as_str().contains(token), "{text}");
        let off = Redactor::builder().without(Class::Token).build().unwrap();
        let left = off.any(&text);
        assert_eq!(left.report().count(&Class::Token), 0, "{text}");
    }
    assert_eq!("TOKEN".parse::<Class>(), Ok(Class::Token));
    assert!("NO_SUCH".parse::<Class>().is_err());
    stay(&[
        token.split_at(30).0,
        "commit 5be016f169fd6abc32dca15a8844af065be016f1",
        "row 5be016f1-69fd-4abc-b2dc-a15a8844af06 of the key",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7",
        "sha256:9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
        "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "h1:J8TB1xzLs0sfcKhKcB8nTSVgNKHm5nO6pQrS8tUvW0x=",
        "{\"integrity\": \"J8TB1xzLs0sfcKhKcB8nTSVgNKHm5nO6pQrS8tUvW0x=\"}",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\nRTESMBAGA1UEChMJQmFsdGltb3JlMRMwEQYDVQQLEwpDeWJlclRydXN0MSIwIAYD\nVQQDExlCYWx0aW1vcmUgQ3liZXJUcnV4QzEfM2a\n-----END CERTIFICATE-----\n",
        "SGVsbG8gd29ybGQsIHRoaXMgaXMgcGxhaW4gdGV4dCE=",
        "GetUserAccountInformationByIdentifier2AndVersion3",
        "src/components/UserAccount/InformationPanel2/index.ts",
        "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B",
        "a.b(c1,D2,e3),F4[g5]=H6;i7.j8(K9)",
    ]);
}

#[test]
fn names_and_values_that_no_sign_joins_go() {
    go(&[
        (
            "{\"password\":{\"new\":\"harbor\",\"old\":\"sunny\"}}",
            "harbor",
        ),
        (
            "{\"password\":{\"new\":\"harbor\",\"old\":\"sunny\"}}",
            "sunny",
        ),
        ("[[\"password\",\"harbor\"],[\"user\",\"kim\"]]", "harbor"),
        ("[\"tool\",\"--password\",\"harbor\"]", "harbor"),
        ("{\"value\":\"harbor\",\"name\":\"password\"}", "harbor"),
        ("{\"value\":4711,\"name\":\"password\"}", "4711"),
        (
            "{\"env\":[{\"value\":\"harbor\",\"name\":\"DB_PASSWORD\"}]}",
            "harbor",
        ),
        (
            "{\"apiVersion\":\"v1\",\"data\":{\"FOO\":\"aGFyYm9y\"},\"kind\":\"Secret\"}",
            "aGFyYm9y",
        ),
        (
            "{\"kind\":\"Secret\",\"stringData\":{\"a\":{\"b\":\"harbor\"}}}",
            "harbor",
        ),
        ("{\"secrets\":{\"FOO\":\"harbor\"}}", "harbor"),
        ("- name: DB_PASSWORD\n  value: harbor\n", "harbor"),
        ("| password | hunter2 |\n", "hunter2"),
        ("<td>password</td><td>hunter2</td>", "hunter2"),
        ("<key>password</key>\n<string>harbor</string>\n", "harbor"),
        ("password\thunter2\n", "hunter2"),
        ("Password:\nhunter2\n", "hunter2"),
        ("args: [\"--password\", \"harbor\"]", "harbor"),
        ("mysql -u root -pharbor app", "harbor"),
        ("redis-cli -a harbor ping", "harbor"),
        ("sshpass -p harbor ssh host", "harbor"),
        ("htpasswd -b users.txt kim harbor", "harbor"),
        ("unzip -P harbor files.zip", "harbor"),
        ("ldapsearch -x -w harbor -b dc=x", "harbor"),
        ("openssl enc -d -pass pass:harbor -in f", "harbor"),
        ("card 4111\u{a0}1111\u{a0}1111\u{a0}1111", "1111\u{a0}1111"),
        ("card 4111.1111.1111.1111", "4111.1111"),
        ("{\"password\":\"<redacted:x hunter2>\"}", "hunter2"),
        ("login password=<redacted:x hunter2", "hunter2"),
        ("<redacted:password=hunter2secret>", "hunter2secret"),
    ]);
    stay(&[
        "{\"kind\":\"ConfigMap\",\"data\":{\"FOO\":\"aGFyYm9y\"}}",
        "{\"properties\":{\"password\":{\"type\":\"string\",\"description\":\"The password\",\"minLength\":8}},\"required\":[\"user\",\"password\",\"email\"]}",
        "| user | password |\n|---|---|\n",
        "{\"name\":\"host\",\"value\":\"harbor\"}",
        "{\"value\":\"harbor\",\"name\":\"host\"}",
        "{\"dependencies\":{\"minipass\":\"^7.0.3\"}}",
        "mysql -u root -p app",
        "mysql -h db -P3306 app",
        "version 4.4111.1111.1111.1112",
    ]);
}

#[test]
fn fields_that_programs_show_send_and_insert_go() {
    go(&[
        ("User{name=kim, password=harbor, age=3}", "harbor"),
        ("Credentials[user=kim, password=harbor]", "harbor"),
        ("{Name:kim Password:harbor Age:3}", "harbor"),
        ("&{User:kim Password:harbor}", "harbor"),
        ("map[password:harbor user:kim]", "harbor"),
        ("user[password]=harbor&user[name]=kim", "harbor"),
        ("curl -d 'user[password]=harbor' https://h", "harbor"),
        ("user%5Bpassword%5D=harbor&x=1", "harbor"),
        (
            "Content-Disposition: form-data; name=\"password\"\r\n\r\nharbor\r\n--x",
            "harbor",
        ),
        (
            "Content-Disposition: form-data; name=\"password\"\nContent-Type: text/plain\n\nharbor\n--x",
            "harbor",
        ),
        (
            "INSERT INTO users(name,password) VALUES('bob','hunter2')",
            "hunter2",
        ),
        (
            "insert into `users` (`id`, `password`)\nvalues (1, 'harbor'), (2, 'it''s');",
            "it''s",
        ),
        ("ALTER USER bob IDENTIFIED BY sunny1;", "sunny1"),
        ("SET PASSWORD FOR 'bob' = PASSWORD('harbor');", "harbor"),
        ("echo 'root:harbor' | chpasswd", "harbor"),
        ("echo \"kim:harbor\" | sudo chpasswd", "harbor"),
        ("chpasswd <<< 'root:harbor'", "harbor"),
        ("echo harbor | passwd --stdin kim", "harbor"),
        ("printf 'harbor\\n' | sudo -S ls", "harbor"),
        (
            "echo harbor | docker login -u kim --password-stdin",
            "harbor",
        ),
        ("machine h.io\n  login kim\n  password harbor\n", "harbor"),
        ("USER kim\r\nPASS harbor\r\n", "harbor"),
        ("AUTH PLAIN AGtpbQBzdW5ueQ==", "AGtpbQBzdW5ueQ"),
        (
            "Authorization: Digest username=\"kim\", nonce=\"ab\", response=\"6629fae49393a053\"",
            "6629fae49393a053",
        ),
        (
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"k\"\nP2/56wAAAi4AAAA3aWYtbW9kbntzaWdu\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
            "P2/56wAAAi4AAAA3aWYtbW9kbntzaWdu",
        ),
        (
            "Private-Lines: 2\nAAABAQC3q2tJNk1oUGc5ZE5wY0hB\nUGc5ZE5wY0hBAAAB\nPrivate-MAC: 1234\n",
            "UGc5ZE5wY0hBAAAB",
        ),
        (
            "mnemonic = \"abandon ability able about above absent absorb abstract absurd abuse access accident\"",
            "abstract absurd",
        ),
        (
            "seed phrase: abandon ability able about above absent absorb abstract absurd abuse access accident",
            "abstract absurd",
        ),
    ]);
    stay(&[
        "{password=pw}",
        "const {password: a, user: b} = it;",
        "{a:b,password:pw}",
        "e[password]=pw;",
        "input[type=password], input[type=text]",
        "INSERT INTO users(name, password) VALUES (?, ?)",
        "INSERT INTO users(name, password) VALUES ($1, '$2')",
        "INSERT INTO logs(token_type, note) VALUES ('bearer', 'harbor')",
        "an account is identified by name",
        "echo \"$PW\" | chpasswd",
        "cat pw | docker login --password-stdin",
        "ls | sudo -s",
        "PASS tests/login.js\nPASS harbor\n",
        "auth plain text is not sent",
        "Authorization: Digest realm=\"x\", nonce=\"6629fae49393a053\"",
        "passphrase: \"enter the words that you were shown when the wallet was made\"",
        "Content-Disposition: form-data; name=\"note\"\n\nharbor\n--x",
    ]);
}

/// Under another key that tells, a key tells no less; and what is left when that key goes says the same.
#[test]
fn what_a_key_says_is_not_less_under_another_that_tells() {
    let redactor = Redactor::new();
    for (text, safe) in [
        (
            r#"{"secret":{"password":"://"}}"#,
            r#"{"secret":{"password":"<redacted:PASSWORD:3-chars>"}}"#,
        ),
        (
            r#"{"-----BEGIN PRIVATE KEY-----\nsecret":{"password":"://"}}"#,
            r#"{"<redacted:PRIVATE_KEY:34-chars>":{"password":"<redacted:PASSWORD:3-chars>"}}"#,
        ),
        // What is said about a secret is none.
        (
            r#"{"secret":{"label":"://"}}"#,
            r#"{"secret":{"label":"://"}}"#,
        ),
    ] {
        assert_eq!(redactor.any(text).as_str(), safe);
        assert_eq!(redactor.any(safe).as_str(), safe);
    }
}

#[test]
fn long_text_of_a_script_without_blanks_is_cut_between_its_letters() {
    let letters: String = "这是一个没有空格的长文本，密码是秘密。"
        .chars()
        .cycle()
        .take(60_000)
        .collect();
    let text = format!("{letters} kim@corp.dev {letters}password=\"harbor\"。");
    let redactor = Redactor::new();
    let whole = redactor.text(&text);
    assert!(whole.as_str().starts_with(&letters));
    assert!(!whole.as_str().contains("harbor"));
    assert!(!whole.as_str().contains("kim@corp.dev"));
    assert_eq!(whole.report().count(&Class::Oversize), 0);
    let mut stream = redactor.stream();
    let mut out = String::new();
    let letters: Vec<char> = text.chars().collect();
    for chunk in letters.chunks(7_001) {
        out += &stream.push(&chunk.iter().collect::<String>());
    }
    assert_eq!(out + &stream.finish(), whole.as_str());
}

#[test]
fn keys_that_are_redacted_alike_cost_what_their_length_does() {
    let object = |keys: usize| {
        let fields: Vec<String> = (0..keys)
            .map(|n| format!("\"k{n:07}@corp.dev\":1"))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let redactor = Redactor::new();
    let seconds = |text: &str| {
        (0..3)
            .map(|_| {
                let start = cpu();
                assert!(redactor.json(text).report().count(&Class::Email) > 0);
                cpu() - start
            })
            .fold(f64::MAX, f64::min)
    };
    let (few, many) = (seconds(&object(2_000)), seconds(&object(16_000)));
    // Eight times as many: with a quadratic search it would be sixty-four times as long.
    assert!(many < 32.0 * few + 0.05, "{few:?} {many:?}");
}

#[test]
fn a_finding_is_explained_by_class_rule_and_place() {
    let redactor = Redactor::new();
    let text = "mail kim@corp.dev\npassword = harbor\n";
    let found = redactor.explain(text);
    let told: Vec<(&str, &str, &str)> = found
        .iter()
        .map(|found| (found.class().as_str(), found.rule(), &text[found.place()]))
        .collect();
    assert_eq!(
        told,
        [
            ("EMAIL", "e-mail address", "kim@corp.dev"),
            ("PASSWORD", "password on its line", "harbor"),
        ]
    );
    let json = r#"{"a": [{"password": "harbor"}, "kim@corp.dev"]}"#;
    let places: Vec<&str> = redactor
        .explain(json)
        .iter()
        .map(|found| &json[found.place()])
        .collect();
    assert_eq!(places, ["\"harbor\"", "\"kim@corp.dev\""]);
    assert!(!format!("{:?}", redactor.explain(json)).contains("harbor"));
}
