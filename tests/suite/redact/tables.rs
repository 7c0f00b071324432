//! Every class and every trap: what goes, what nearly goes, and what stands around it.

use kaos_hooks::redact::{Class, ContentPolicies, ContentPolicy, Field, HashKey, Redactor};

#[track_caller]
fn check(input: &str, expected: &str) {
    let redactor = Redactor::new();
    assert_eq!(redactor.any(input).as_str(), expected, "\n input {input:?}");
}

/// What stands in `{}` in the template goes; everything else stays.
#[track_caller]
fn goes(class: &str, template: &str, secret: &str) {
    let sentinel = format!("<redacted:{class}:{}-chars>", secret.chars().count());
    check(
        &template.replace("{}", secret),
        &template.replace("{}", &sentinel),
    );
}

#[track_caller]
fn stays(input: &str) {
    check(input, input);
}

#[test]
fn provider_keys_go_and_their_near_misses_stay() {
    let a = |length: usize| "aB3dE5fG7h".repeat(20)[..length].to_owned();
    let hex = |length: usize| "0123456789abcdef".repeat(10)[..length].to_owned();
    for (class, key) in [
        ("LLM_KEY", format!("sk-ant-api03-{}", a(95))),
        ("LLM_KEY", format!("sk-proj-{}", a(60))),
        ("LLM_KEY", format!("sk-{}", a(48))),
        ("LLM_KEY", format!("AIza{}", a(35))),
        ("LLM_KEY", format!("xai-{}", a(80))),
        ("LLM_KEY", format!("gsk_{}", a(52))),
        ("LLM_KEY", format!("hf_{}", a(34))),
        ("CODE_TOKEN", format!("ghp_{}", a(36))),
        ("CODE_TOKEN", format!("glpat-{}", a(20))),
        ("CODE_TOKEN", format!("npm_{}", a(36))),
        ("CODE_TOKEN", format!("pypi-AgEIcHlwaS5vcmc{}", a(60))),
        ("CLOUD_KEY", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        ("CLOUD_KEY", format!("hvs.{}", a(24))),
        ("CLOUD_KEY", format!("dop_v1_{}", hex(64))),
        ("SERVICE_KEY", format!("xoxb-123456789012-{}", a(24))),
        ("SERVICE_KEY", format!("sk_live_{}", a(24))),
        ("SERVICE_KEY", format!("SG.{}.{}", a(22), a(43))),
        (
            "PRIVATE_KEY",
            format!(
                "AGE-SECRET-KEY-1{}",
                "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2)[..58].to_owned()
            ),
        ),
        (
            "JWT",
            format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{}", a(43)),
        ),
        ("PASSWORD_HASH", format!("$2b$12${}", a(53))),
    ] {
        for template in [
            "{}",
            "the key {} was refused",
            "\"{}\",",
            "x={}\ny=1",
            "({})",
        ] {
            goes(class, template, &key);
        }
        // The end of a longer word is no key; of a token's three parts two are still one.
        if class != "JWT" {
            stays(&format!("some{key}"));
        }
    }
    for near in [
        "sk-learn-pipeline-with-a-long-name",
        "sk-ant-short",
        "ghp_tooshort",
        "AKIAIOSFODNN7EXAMPL",
        "akiaiosfodnn7example",
        "hvs.short",
        "xoxb-1",
        "SG.a.b",
        "eyJhbGciOiJIUzI1NiJ9",
        "npm_config_registry",
        "glpat-",
        "$2b$12$short",
        "hf_hub_download",
        "risk-management-and-compliance-2024-report-v2",
    ] {
        stays(near);
    }
}

#[test]
fn private_keys_go_whole_cut_off_and_escaped() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let key = format!("-----BEGIN {label}-----\n{body}\n{body}\n-----END {label}-----");
        goes("PRIVATE_KEY", "before\n{}\nafter", &key);
        let truncated = format!("-----BEGIN {label}-----\n{body}\n{}", &body[..20]);
        goes("PRIVATE_KEY", "before\n{}", &truncated);
        goes(
            "PRIVATE_KEY",
            "before\n{}\n\nThe text goes on with words.",
            &truncated,
        );
        let escaped = key.replace('\n', "\\n");
        goes("PRIVATE_KEY", "key: \"{}\" # set", &escaped);
    }
    stays("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----");
    stays(
        "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END CERTIFICATE-----",
    );
    stays("looks for BEGIN PRIVATE KEY in the file");
}

#[test]
fn headers_lose_their_credentials_and_keep_their_scheme() {
    goes(
        "AUTHORIZATION",
        "Authorization: Bearer {}\r\nAccept: */*",
        "38bb7b318cc6898c80317decb34525844bc9db55",
    );
    goes(
        "AUTHORIZATION",
        "authorization: Basic {}\n",
        "YWRtaW46cGFzc3dvcmQ=",
    );
    goes(
        "AUTHORIZATION",
        "-H 'Authorization: token {}'",
        "38bb7b318cc6898c80317decb34525844bc9db55",
    );
    goes(
        "AUTHORIZATION",
        "sent Basic {} to the proxy",
        "YWRtaW46cGFzc3dvcmQ=",
    );
    goes(
        "COOKIE",
        "Cookie: {}\nHost: x",
        "sid=31d4d96e407aad42; theme=dark",
    );
    goes(
        "COOKIE",
        "Set-Cookie: {}; Path=/; HttpOnly",
        "sid=31d4d96e407aad42",
    );
    goes("SECRET", "X-Api-Key: {}\n", "9f8e7d6c5b4a39281706");
    stays("Authorization: Bearer <token>");
    stays("Authorization: Bearer $TOKEN");
    stays("the bearer of good news, a basic question");
    stays("Authorization: required");
    stays("Basic knowledge of cookies: they crumble");
}

#[test]
fn urls_lose_user_password_and_secret_parameters() {
    goes(
        "URL_USERINFO",
        "https://{}@host.example/path?x=1",
        "kim:s3cret",
    );
    goes("URL_USERINFO", "redis://{}@localhost:6379/0", ":s3cret");
    goes(
        "CONNECTION_STRING",
        "postgres://{}:5432/app?sslmode=require",
        "app:p%40ss@db.example.com",
    );
    goes(
        "SECRET",
        "https://api.example.com/v1?page=2&access_token={}&n=3",
        "38bb7b318cc6898c",
    );
    goes(
        "PASSWORD",
        "GET /login?user_id=7&password={}&next=/home",
        "hunter2",
    );
    goes(
        "URL_SECRET",
        "post to https://hooks.slack.com/services/T024BE7LD/B024BE7LE/{} now",
        "4zL9kPq2WfT7nRx1VbYs8dGh",
    );
    stays("https://example.com/users/kim?page=2#top");
    stays("ssh://git@github.com/kim/repo.git and git@github.com:kim/repo.git");
    stays("https://${USER}:${PASSWORD}@host/");
    stays("https://<user>:<password>@host/");
    stays("http://host:8080/a@b");
}

#[test]
fn assignments_lose_their_value_in_any_syntax() {
    for template in [
        "password={}",
        "password = \"{}\"",
        "password: {}",
        "password: '{}'",
        "PASSWORD={}",
        "export DB_PASSWORD={}",
        "DB_PASSWORD_2=\"{}\"",
        "--password {}",
        "--password={}",
        "my password is {}",
        "<password>{}</password>",
        "\"password\": \"{}\"",
        "\\\"password\\\": \\\"{}\\\"",
        ":password => '{}'",
        "password := \"{}\"",
        "config['password'] = '{}'",
        "<add key=\"Password\" value=\"{}\" />",
        "Server=x;Password={};Timeout=3",
        "let password: &str = \"{}\";",
        "if password == \"{}\" {",
        "client_secret: {}",
        "clientSecret='{}'",
        "MY_SECRET_KEY_2={}",
        "passphrase: {}",
        "password:\n  \"{}\"\n",
    ] {
        goes("PASSWORD", template, "Tr0ub4dor&3".trim_end_matches("&3"));
    }
    for template in [
        "token = \"{}\"",
        "api_key={}",
        "apiKey: \"{}\"",
        "ACCESS_TOKEN={}",
        "--api-key {}",
        "X_API_KEY: {}",
        "env('API_KEY', '{}')",
        "refresh_token: {}",
        "Api Key: {}",
        "{ \"auth_token\" : \"{}\" ,",
    ] {
        let class = if template.starts_with("env") {
            "PASSWORD"
        } else {
            "SECRET"
        };
        let secret = "q9w8e7r6t5y4u3i2o1p0";
        let sentinel = format!("<redacted:{class}:{}-chars>", secret.len());
        check(
            &template.replacen("{}", secret, 1),
            &template.replacen("{}", &sentinel, 1),
        );
    }
    for near in [
        "password=",
        "password=\"\"",
        "password: ${PASSWORD}",
        "password: <password>",
        "password=$PASSWORD",
        "password: xxxxxxxx",
        "password: ********",
        "password = getpass()",
        "password: str = field()",
        "password: null",
        "password: string",
        "password: required",
        "passwordLabel: \"Password:\"",
        "max_tokens: 4096",
        "input_tokens=1234567890",
        "output_tokens: 12345678",
        "prompt_tokens: 123456789",
        "token_type: \"bearer12345678\"",
        "tokenizer: \"cl100k_base_v2_2024\"",
        "token_count: 123456789",
        "primary_key: \"a1b2c3d4e5f6a7b8c9d0\"",
        "public_key = \"a1b2c3d4e5f6a7b8c9d0a1b2\"",
        "the password is required",
        "a secret to everybody",
        "token = tokens.next()",
        "key: value",
        "secret: Secret::new(input)",
        "password_hash_iterations = 600000",
        "forgot-password: /reset",
        "compass: N45W3",
        "monkey: banana1",
        "{{ password }}",
        "password=%s",
        "API_KEY=your_api_key_here",
    ] {
        stays(near);
    }
    goes("PASSWORD", "pin: {}, city: x", "4711");
    goes("PASSWORD", "cvv={}", "123");
    stays("pin: Pin<Box<T>>");
}

#[test]
fn account_names_go_beside_their_passwords() {
    check(
        "user = 'abuser'\npassword = 'abuser123456'\n",
        "user = '<redacted:USERNAME:6-chars>'\npassword = '<redacted:PASSWORD:12-chars>'\n",
    );
    check(
        "user = 'abuser'\npassword = ''\n",
        "user = 'abuser'\npassword = ''\n",
    );
    stays("user = 'abuser'\nhost = 'x'\n");
    check(
        r#"{"username":"abuser","password":"x"}"#,
        r#"{"username":"<redacted:USERNAME:6-chars>","password":"<redacted:PASSWORD:1-chars>"}"#,
    );
}

#[test]
fn addresses_go_and_what_looks_like_one_stays() {
    for template in [
        "{}",
        "mailto:{}",
        "<{}>",
        "Kim <{}>, you",
        "to={};",
        "write to {}.",
        "a\\n{}",
    ] {
        goes("EMAIL", template, "kim.o-neil+x@mail.corp.dev");
    }
    goes("EMAIL", "an {} with letters", "åsa@exempel.se");
    for near in [
        "@kim",
        "kim@",
        "kim@host",
        "a@b",
        "x @ y.z",
        "pkg@1.2.3",
        "@angular/core@17.0.1",
        "user@10.0.0.1",
    ] {
        stays(near);
    }
}

#[test]
fn cards_pass_luhn_issuer_and_length() {
    for card in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5500000000000004",
        "2221000000000009",
        "340000000000009",
        "3400 000000 00009",
        "6011000000000004",
        "30000000000004",
        "3530111333300000",
        "4222222222222",
    ] {
        for template in ["{}", "card {}, thanks", "card:{};", "({})"] {
            goes("CARD", template, card);
        }
    }
    for near in [
        "4111111111111112",
        "1111111111111111",
        "411111111111111",
        "41111111111111111",
        "0.4111111111111111",
        "a4111111111111111",
        "4111111111111111f",
        "id_4111111111111111",
        "1763719188000000000",
        "4111 1111 1111 11112",
        "5400 5401 5402 5403 5404 5405 5406 5407",
    ] {
        stays(near);
    }
    check(
        r#"{"card": 4111111111111111, "n": 1}"#,
        r#"{"card": "<redacted:CARD:16-chars>", "n": 1}"#,
    );
    goes(
        "CARD",
        "card {}",
        "4111\u{200b}1111\u{200b}1111\u{200b}1111",
    );
    goes("CARD", "card {}", "４１１１ １１１１ １１１１ １１１１");
}

#[test]
fn account_numbers_pass_mod_97() {
    for iban in [
        "GB82WEST12345698765432",
        "GB82 WEST 1234 5698 7654 32",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "NO9386011117947",
    ] {
        for template in ["{}", "IBAN: {}.", "pay {} now"] {
            goes("IBAN", template, iban);
        }
    }
    for near in [
        "GB82WEST12345698765433",
        "GB83WEST12345698765432",
        "XX82WEST12345698765432",
        "GB82WEST123456987654321",
        "gb82west12345698765432",
    ] {
        stays(near);
    }
}

#[test]
fn numbers_of_persons_and_firms_have_their_areas() {
    goes("SSN", "ssn {}, born", "123-45-6789");
    goes("SSN", "{}", "123 45 6789");
    goes("ITIN", "{}", "912-70-1234");
    goes("EIN", "EIN {}.", "12-3456789");
    for near in [
        "000-45-6789",
        "666-45-6789",
        "123-00-6789",
        "123-45-0000",
        "900-45-6789",
        "123-456-7890",
        "123456789",
        "123-45-67890",
        "07-3456789",
        "1123-45-6789",
        "2024-12-3456789x",
        "123-45 6789",
    ] {
        stays(near);
    }
}

#[test]
fn addresses_and_telephones_go_only_when_asked_for() {
    let text = "from 192.168.1.20:80 and 2001:db8::1, call +49 30 901820";
    stays(text);
    let redactor = Redactor::builder()
        .ip_addresses()
        .phone_numbers()
        .build()
        .unwrap();
    assert_eq!(
        redactor.text(text).as_str(),
        "from <redacted:IP_ADDRESS:15-chars> and <redacted:IP_ADDRESS:11-chars>, call <redacted:PHONE:13-chars>",
    );
    let near = "at 12:30, version 1.2.3, std::fmt, 1 + 2345678, 300.1.1.1.1";
    assert_eq!(redactor.text(near).as_str(), near);
}

#[test]
fn json_keeps_its_shape() {
    check(
        r#"{"a":"kim@corp.dev","b":[1,true,null,"x"]}"#,
        r#"{"a":"<redacted:EMAIL:12-chars>","b":[1,true,null,"x"]}"#,
    );
    check(
        "{ \"password\" : \"p\" ,\n \"n\":1.50e3 }",
        "{ \"password\" : \"<redacted:PASSWORD:1-chars>\" ,\n \"n\":1.50e3 }",
    );
    check(
        r#"{"password":null,"token":"","secret":true}"#,
        r#"{"password":null,"token":"","secret":true}"#,
    );
    check(
        r#"{"pin":1234,"max_tokens":4096}"#,
        r#"{"pin":"<redacted:PASSWORD:4-chars>","max_tokens":4096}"#,
    );
    check(
        r#"{"passwords":{"value":"x1"},"password":["a1","b2"]}"#,
        r#"{"passwords":{"value":"<redacted:PASSWORD:2-chars>"},"password":["<redacted:PASSWORD:2-chars>","<redacted:PASSWORD:2-chars>"]}"#,
    );
    check(
        r#"[{"name":"DB_PASSWORD","value":"x"},{"name":"HOST","value":"x"}]"#,
        r#"[{"name":"DB_PASSWORD","value":"<redacted:PASSWORD:1-chars>"},{"name":"HOST","value":"x"}]"#,
    );
    check(
        r#"{"kim@corp.dev":1,"lou@corp.dev":2}"#,
        r#"{"<redacted:EMAIL:12-chars>":1,"<redacted:EMAIL:12-chars>-2":2}"#,
    );
    check(
        r#"{"args":"{\"password\":\"x\"}"}"#,
        r#"{"args":"{\"password\":\"<redacted:PASSWORD:1-chars>\"}"}"#,
    );
    check(
        r#"{"t":"\u006bim@corp.dev"}"#,
        r#"{"t":"<redacted:EMAIL:12-chars>"}"#,
    );
    check(
        r#"{"p\u0061ssword":"x"}"#,
        r#"{"p\u0061ssword":"<redacted:PASSWORD:1-chars>"}"#,
    );
    check(
        r#"{"Set-Cookie":"a=b"}"#,
        r#"{"Set-Cookie":"<redacted:COOKIE:3-chars>"}"#,
    );
}

#[test]
fn what_cannot_be_read_becomes_a_sentinel() {
    let redactor = Redactor::new();
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(redactor.json(&deep(64)).as_str(), deep(64));
    assert_eq!(
        redactor.json(&deep(65)).as_str(),
        "\"<redacted:DEPTH:130-chars>\""
    );
    assert_eq!(
        redactor.any(&deep(65)).as_str(),
        "<redacted:DEPTH:130-chars>"
    );
    for wrong in [
        "",
        "{",
        "{\"a\" 1}",
        "[1,]",
        "\"\\q\"",
        "\"\\ud800\"",
        "01",
        "nul",
        "[1] 2",
        "{\"a\":\"\n\"}",
    ] {
        let sentinel = format!(
            "\"<redacted:INVALID_JSON:{}-chars>\"",
            wrong.chars().count()
        );
        assert_eq!(redactor.json(wrong).as_str(), sentinel, "{wrong:?}");
    }
    let small = Redactor::builder().max_bytes(10).build().unwrap();
    assert_eq!(
        small.text("12345678901").as_str(),
        "<redacted:OVERSIZE:11-chars>"
    );
    assert_eq!(
        small.json("12345678901").as_str(),
        "\"<redacted:OVERSIZE:11-chars>\""
    );
}

#[test]
fn escapes_hide_nothing() {
    goes("EMAIL", "q={}&x=1", "kim%40corp.dev");
    goes("EMAIL", "q={}", "kim%2540corp.dev");
    goes("EMAIL", "text {} text", "kim\\u0040corp.dev");
    goes("CARD", "{}", "4111%201111%201111%201111");
    // What HTML and XML write for a character.
    goes("EMAIL", "text {} text", "kim&#64;corp.dev");
    goes(
        "PASSWORD",
        "<p data=\"{&quot;password&quot;:&quot;{}&quot;}\">",
        "harbor",
    );
    goes("PASSWORD", "?a=1&amp;password={}&amp;b=2", "harbor");
    goes("PASSWORD", "pass&#x77;ord&#61;{}", "harbor99");
    stays("Tom &amp; Jerry&#39;s &quot;token&quot; &copy; &#9731; &#x; &amp");
    stays("password=&lt;your password&gt;");
    goes(
        "CODE_TOKEN",
        "{}",
        "ghp\u{200b}_aB3dE5fG7haB3dE5fG7haB3dE5fG7haB3dE5",
    );
    stays("100% sure, 50%20 done, C:\\users\\x, \\u00e9 and \u{200d}");
}

#[test]
fn sentinels_are_left_alone_and_hide_nothing() {
    stays("<redacted:EMAIL:12-chars> and password=<redacted:PASSWORD:7-chars>");
    check(
        "password=\"a<redacted:EMAIL:12-chars>b\"",
        "password=\"<redacted:PASSWORD:27-chars>\"",
    );
    check(
        "<redacted:kim@corp.dev:1-chars>",
        "<redacted:<redacted:EMAIL:12-chars>:1-chars>",
    );
}

#[test]
fn errors_paths_and_tool_names_are_text_like_any_other() {
    goes(
        "CODE_TOKEN",
        "error: 401 for /repos/x (token {}): denied",
        "ghp_aB3dE5fG7haB3dE5fG7haB3dE5fG7haB3dE5",
    );
    goes("EMAIL", "/home/{}/file.txt", "kim@corp.dev");
    goes("EMAIL", "tool send_mail({}) failed", "kim@corp.dev");
}

#[test]
fn policies_choose_the_narrowest() {
    let redactor = Redactor::new();
    let key = HashKey::new(vec![7; 32]).unwrap();
    let policies = ContentPolicies::new(ContentPolicy::None)
        .field(Field::Output, ContentPolicy::Redacted)
        .tool("read", ContentPolicy::Full)
        .tool("pay", ContentPolicy::None)
        .tool_path("pay", "$.amount".parse().unwrap(), ContentPolicy::Full)
        .tool_path(
            "pay",
            "$.to[*].iban".parse().unwrap(),
            ContentPolicy::Hash(key.clone()),
        );
    let apply = |field, tool, text: &str| {
        policies
            .apply(&redactor, field, tool, text)
            .map(|safe| safe.as_str().to_owned())
    };
    assert_eq!(apply(Field::Input, None, "x"), None);
    assert_eq!(
        apply(Field::Output, None, "kim@corp.dev").unwrap(),
        "<redacted:EMAIL:12-chars>"
    );
    assert_eq!(
        apply(Field::Result, Some("read"), "kim@corp.dev").unwrap(),
        "kim@corp.dev"
    );
    let paid = apply(
        Field::Arguments,
        Some("pay"),
        r#"{"amount": 5, "note": "hi", "to": [{"iban": "A"}]}"#,
    )
    .unwrap();
    assert!(paid.starts_with(r#"{"amount": 5, "note": "<redacted:CONTENT:2-chars>", "to": [{"iban": "<redacted:CONTENT:"#), "{paid}");
    assert_eq!(
        apply(Field::Arguments, Some("pay"), "no json").unwrap(),
        "\"<redacted:INVALID_JSON:7-chars>\""
    );
    let hash = ContentPolicy::Hash(key)
        .apply(&redactor, "x")
        .unwrap()
        .into_text()
        .into_owned();
    assert_eq!(hash.len(), "<redacted:CONTENT:0123456789abcdef>".len());
}

#[test]
fn keys_are_long_enough_and_never_shown() {
    assert_eq!(
        HashKey::new("short").unwrap_err().to_string(),
        "a hash key needs at least 16 bytes, got 5"
    );
    let key = HashKey::new("a secret of 20 bytes").unwrap();
    let redactor = Redactor::builder().tokens(key.clone()).build().unwrap();
    assert!(
        !format!(
            "{key:?} {redactor:?} {:?}",
            ContentPolicy::Hash(key.clone())
        )
        .contains("secret")
    );
    let other = Redactor::builder()
        .tokens(HashKey::new("another one of 20 b.").unwrap())
        .build()
        .unwrap();
    assert_ne!(redactor.text("kim@corp.dev"), other.text("kim@corp.dev"));
    let once = redactor.text("kim@corp.dev").into_text().into_owned();
    assert_eq!(redactor.text(&once).as_str(), once);
}

#[test]
fn bad_rules_say_what_is_wrong() {
    let error = |name: &str, literal: &str, regex: &str| {
        Redactor::builder()
            .rule(name, literal, regex)
            .build()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("lower", "abc", "abc"),
        "rule name \"lower\" is not 1 to 20 capitals, digits and `_`"
    );
    assert_eq!(
        error("EMAIL", "abc", "abc"),
        "rule name EMAIL is a built-in class"
    );
    assert_eq!(
        error("X", "ab", "ab"),
        "literal of rule X has 2 bytes, 3 to 64 are needed"
    );
    assert_eq!(
        error("X", "abc", "("),
        "regex of rule X cannot be used: unclosed group"
    );
    assert_eq!(
        error("X", "abc", r"\d+ abc"),
        "regex of rule X can match nothing that begins with its literal \"abc\""
    );
    assert!(error("X", "abc", "[^aA]bc").contains("begins with its literal"));
    for regex in [
        "abc",
        "ABC",
        r"\babc",
        "ab?c?",
        ".*abc",
        "(?:x|ab)c",
        "(?i-u)aBcd",
        "[a-z]{3}",
    ] {
        let built = Redactor::builder().rule("X", "abc", regex).build();
        assert!(built.is_ok(), "{regex}");
    }
    assert_eq!(
        error("X", "abc", "a*"),
        "regex of rule X matches the empty text"
    );
    let badge = Redactor::builder()
        .rule("BADGE", "EMP-", r"EMP-\d{6}\b")
        .build()
        .unwrap();
    let safe = badge.any(r#"{"id": "EMP-123456", "no": "EMP-1234567"}"#);
    assert_eq!(
        safe.as_str(),
        r#"{"id": "<redacted:BADGE:10-chars>", "no": "EMP-1234567"}"#
    );
    assert_eq!(safe.report().count(&Class::Custom("BADGE".into())), 1);
}
