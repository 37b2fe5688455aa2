namespace TokenSessions.Tests.Validation;

/// <summary>Changes the header of a token.</summary>
internal static class HeaderMutator
{
    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["alg"] =
        [
            "\"ES256\"", "\"ES384\"", "\"RS256\"", "\"PS256\"", "\"HS256\"", "\"none\"", "\"None\"", "\"es256\"", "\"ES256 \"", "\"ES2560\"",
            "\"ES25\"", "\"\"", "null", "[\"ES256\"]", "256", "\"EdDSA\"", "\"ES512\"", "\"\\u0045S256\"", "\"ES256\\u0000\"", "\"ＥS256\"",
        ],
        ["kid"] =
        [
            "\"\"", "null", "1", "[]", "\"unknown\"", "\"p256\"", "\"p384\"", "\"rsa\"", "\"pss\"", "\"P256\"", "\"p256\\u0000\"",
            "\"\\u0070256\"", "\"ключ-😀\"", "\"\\u043a\\u043b\\u044e\\u0447-\\ud83d\\ude00\"", $"\"{new string('k', 127)}\"",
            $"\"{new string('k', 128)}\"", $"\"{new string('k', 129)}\"", $"\"{new string('é', 128)}\"", $"\"{new string('é', 129)}\"",
            $"\"{string.Concat(Enumerable.Repeat("\\u006b", 128))}\"", $"\"{string.Concat(Enumerable.Repeat("\\u006b", 129))}\"",
            $"\"{string.Concat(Enumerable.Repeat("😀", 64))}\"", $"\"{string.Concat(Enumerable.Repeat("😀", 65))}\"", "\"dead\"",
        ],
        ["typ"] =
        [
            "\"at+jwt\"", "\"AT+JWT\"", "\"application/at+jwt\"", "\"APPLICATION/AT+JWT\"", "\"application\\/at+jwt\"", "\"application/\"",
            "\"application/application/at+jwt\"", "\"at\\u002bjwt\"", "\"JWT\"", "\"jwt\"", "\"application/jwt\"", "\"\"", "null", "7", "\"at+jwt \"", "\" at+jwt\"", "\"rt+jwt\"",
            "\"denylist+jwt\"", "\"text/at+jwt\"", "\"at+jwt;v=1\"", "\"ａt+jwt\"", "\"at+jw\"", "\"at+jwtt\"", "\"application/at+jwt/\"", "\"applicatıon/at+jwt\"",
            "\"at+\u212Awt\"", $"\"application/{new string('a', 300)}\"",
        ],
        ["crit"] = ["[]", "[\"exp\"]", "null", "\"\"", "[\"b64\"]"],
        ["b64"] = ["true", "false", "null", "\"\""],
        ["\\u0063rit"] = ["[]"],
        ["Crit"] = ["[\"exp\"]"],
        ["B64"] = ["false"],
        ["crit\\u0000"] = ["1"],
        ["x"] = ["{\"crit\":[],\"b64\":false}", "{\"alg\":\"none\",\"kid\":\"x\",\"typ\":\"JWT\"}", "[\"crit\"]"],
        ["jwk"] = ["{\"kty\":\"EC\"}", "{}", "null"],
        ["jku"] = ["\"https://evil.example/jwks\"", "1"],
        ["x5c"] = ["[]", "[\"MII=\"]"],
        ["pad"] = [$"\"{new string('p', 850)}\"", $"\"{new string('p', 900)}\"", $"\"{new string('p', 950)}\"", $"\"{new string('\\', 800)}\""],
    };

    public static byte[] Mutate(Random random, string algorithm, string keyId)
    {
        List<RawMember> members =
        [
            new("\"alg\"", $"\"{algorithm}\""), new("\"kid\"", $"\"{keyId}\""), new("\"typ\"", "\"at+jwt\""),
        ];
        var header = new JsonMutator(random, Values).Mutate(members);
        return random.Next(40) != 0 ? header : Stretch(random, header);
    }

    /// <summary>White space up to about the longest header read.</summary>
    private static byte[] Stretch(Random random, byte[] header)
    {
        var missing = Math.Max(0, 1024 + random.Next(-2, 3) - header.Length);
        return [.. header, .. Enumerable.Repeat((byte)' ', missing)];
    }
}
