namespace TokenSessions.Tests.Validation;

/// <summary>Changes the claims of a token.</summary>
internal static class ClaimsMutator
{
    private static readonly long Now = DifferentialWorld.Start;

    /// <summary>Also longer with its issuer than what a rule's key is hashed from without a larger buffer.</summary>
    public static readonly string LongName = new('x', 1500);

    private static readonly string[] Times =
    [
        "0", "1", "-1", "253402300799", "253402300800", "9223372036854775807", "-9223372036854775808", $"{Now}.0", $"{Now}.5", $"{Now}e0", $"{Now / 10}e1", $"0{Now}", $"-{Now}", "1e3", "1e10", "1e400", "-0", "0.0", "9223372036854775808", "25340230079999", "\"1\"",
        $"\"{Now}\"", "null", "true", "[]", "{}", $"[{Now}]", $" {Now} ", "99999999999999999999999999999999999999999",
    ];

    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["iss"] =
        [
            $"\"{TestToken.Issuer}\"", "\"https:\\/\\/issuer.example\"", "\"\\u0068ttps://issuer.example\"", "\"https://ISSUER.example\"", "\"https://issuer.example/\"",
            "\"https://issuer.example\\u0000\"", "\"\"", "null", "[\"https://issuer.example\"]", "\"https://issuer.exampl\"", "\"https://issuer.exämple\"", "1",
        ],
        ["sub"] = ["\"alice\"", "\"bob\"", "\"carol\"", "\"Zoë😀\"", "\"Zo\\u00eb\\ud83d\\uDE00\"", "\"\\u0062ob\"", "\"Bob\"", $"\"{LongName}\"", "\"\"", "null", "{}", "\"bob\\u0000\"", "\"\\ud800\"", "\"a\\\"b\\\\\""],
        ["client_id"] = ["\"default\"", "\"leaked\"", "\"far\"", "\"fa\\u0072\"", "\"\"", "null", "7", "\"leaked \""],
        ["jti"] = ["\"dead\"", "\"d\\u0065ad\"", "\"Dead\"", "\"\"", "null", "0", "\"alive\""],
        ["sid"] = ["\"gone\"", "\"\\u0067one\"", "\"\"", "null", "[]", "\"here\""],
        ["aud"] =
        [
            $"\"{TestToken.Audience}\"", "\"second\"", "\"\\u0073econd\"", "\"ünï\"", "\"\\u00fcn\\u00ef\"", "\"other\"", "\"\"", "null", "1", "[]", "{}", "[\"second\"]", "[\"other\",\"second\"]",
            "[\"second\",\"second\"]", "[\"other\"]", "[\"\"]", "[\"second\",\"\"]", "[\"second\",1]", "[[\"second\"]]", "[\"second\",null]", "[\"\\u0073econd\",\"x\"]", "[\"second\",\"\\ud800\"]",
            "[ \"a\" , \"second\" ]", "[\"second\",]", "{\"a\":\"second\"}", $"[{string.Join(',', Enumerable.Repeat("\"x\"", 40))},\"second\"]", "\"Second\"", "\"second second\"", "[\"second\",{\"a\":1}]",
        ],
        ["exp"] = [.. Around(600), .. Around(-30), .. Around(0), .. Around(3600), .. Around(-3630), .. Times],
        ["iat"] = [.. Around(30), .. Around(0), .. Around(-3000), .. Times],
        ["nbf"] = [.. Around(30), .. Around(0), .. Around(600), .. Times],
        ["auth_time"] = [.. Around(0), .. Times],
        ["scope"] = ["\"\"", "\"a\"", "\"a b\"", "\" a  b \"", "\"   \"", "\"a\\tb\"", "\"a\\u0020b\"", "\"a\\nb c\"", "\"é 😀\"", "\"a a\"", "\"a\u00A0b\"", "[]", "[\"a\"]", "null", "1", $"\"{string.Join(' ', Enumerable.Range(0, 60))}\""],
        ["roles"] = ["[]", "[\"admin\"]", "[\"a\",\"a\"]", "[\"\"]", "[\"\\u0061dmin\",\"é\"]", "\"admin\"", "null", "1", "{}", "{\"a\":[\"b\"]}", "[1]", "[null]", "[[\"a\"]]", "[\"a\",{}]", "[\"a\",\"\\udc00\"]", "[true]", "[\"a\",[]]"],
        ["seen"] =
        [
            "{}", "{\"s\":999}", "{\"s\":1000}", "{\"s\":1001}", "{\"s1\":1999}", "{\"s1\":2000}", "{\"c3\":500}", "{\"c3\":499}", "{\"c2\":700,\"s\":1000}", "{\"c2\":699}", "{\"s\":1000,\"s1\":2000,\"c3\":500,\"c2\":700,\"a\":9}",
            "{\"a\":5}", "{\"a1\":10}", "{\"s0\":1000}", "{\"s4\":1}", "{\"s01\":1}", "{\"S\":1000}", "{\"\\u0073\":1000}", "{\"s\\u0031\":2000}", "{\"s\":-1}", "{\"s\":-0}", "{\"s\":1.0}", "{\"s\":1e3}", "{\"s\":\"1000\"}", "{\"s\":null}",
            "{\"s\":9223372036854775807}", "{\"s\":9223372036854775808}", "{\"x\":1}", "{\"x\":-1}", "{\"x\":\"1\"}", "{\"x\":{}}", "{\"s\":1,\"s\":1000}", "{\"s\":1000,\"\\u0073\":1}", "{\"\":5}", "{\"s\":[1000]}", "[]", "[1000]", "null", "1000", "\"s\"",
            "{\"s\":1000,}", "{\"ſ\":1000}", "{\"s１\":2000}", "{\"s\":01000}", "{\"s\":1000,\"big\":99999999999999999999}", "{ \"s\" : 1000 , \"c\" : 5 }", "{\"s\\u0000\":1000}",
        ],
        ["acr"] = ["\"high\"", "null", "{\"iss\":\"x\",\"iss\":\"y\"}", "{\"iss\":\"x\",\"exp\":1}"],
        ["cnf"] = ["{\"jkt\":\"x\"}", "{\"jkt\":\"x\",\"\\u006akt\":\"y\"}", "[{\"sub\":\"bob\"}]"],
        ["pad"] = [$"\"{new string('p', 2000)}\"", $"\"{new string('p', 4000)}\"", $"\"{new string('é', 1200)}\"", $"\"{string.Concat(Enumerable.Repeat("\\u0061", 400))}\""],
        ["\\u0069ss"] = [$"\"{TestToken.Issuer}\""],
        ["e\\u0078p"] = [$"{Now + 600}"],
        ["ISS"] = ["\"x\""],
        ["exp\\u0000"] = ["1"],
    };

    /// <summary>Good claims of somebody whom no rule names.</summary>
    public static List<RawMember> Good() =>
    [
        new("\"iss\"", $"\"{TestToken.Issuer}\""), new("\"sub\"", "\"alice\""), new("\"aud\"", $"\"{TestToken.Audience}\""),
        new("\"client_id\"", "\"default\""), new("\"iat\"", $"{Now}"), new("\"exp\"", $"{Now + 600}"),
        new("\"jti\"", "\"Jti-0123456789abcdefgh\""), new("\"sid\"", "\"Sid-0123456789abcdefgh\""),
    ];

    public static byte[] Mutate(Random random)
    {
        var members = Good();
        if (random.Next(3) == 0) // Somebody who may be named, and who has seen something or not.
        {
            members[1] = new("\"sub\"", Pick(random, "sub", 8));
            members[3] = new("\"client_id\"", Pick(random, "client_id", 4));
            members.Add(new("\"seen\"", Pick(random, "seen", 17)));
        }

        if (random.Next(4) == 0) // Of a while ago, and about to expire or just expired, with and without the skew.
        {
            var expiresAt = Now - (30 * random.Next(2)) + random.Next(-2, 3);
            (members[4], members[5]) = (new("\"iat\"", $"{expiresAt - 600}"), new("\"exp\"", $"{expiresAt}"));
        }

        if (random.Next(3) == 0)
        {
            members.AddRange([new("\"scope\"", Pick(random, "scope", 11)), new("\"roles\"", Pick(random, "roles", 5)), new("\"auth_time\"", $"{Now - 5}")]);
        }

        return new JsonMutator(random, Values).Mutate(members);
    }

    private static IEnumerable<string> Around(int seconds) =>
        Enumerable.Range(-2, 5).Select(difference => $"{Now + seconds + difference}");

    /// <summary>One of the first values, which are all good.</summary>
    private static string Pick(Random random, string name, int good) => Values[name][random.Next(good)];
}
