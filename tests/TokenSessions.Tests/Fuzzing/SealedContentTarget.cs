using TokenSessions.Issuing;
using TokenSessions.Tests.Issuing;

namespace TokenSessions.Tests.Fuzzing;

/// <summary>What stands inside a refresh token, under our own key: of another version of the program, or of whoever stole the key.</summary>
internal sealed class SealedContentTarget : IFuzzTarget
{
    private static readonly string[] Numbers =
        ["0", "1", "-1", "2147483646", "2147483647", "253402300799", "253402300800", "253402300799999", "253402300800000", "9223372036854775807", "1.0", "1e3", "\"1\"", "null"];

    private static readonly string[] Names =
        ["\"\"", "\" \"", "\"ada\"", "\"client:x\"", "\"default\"", "null", "1", "\"\\u0000\"", "\"a\\nb\"", "\"\\ud800\"", $"\"{new string('n', 255)}\"", $"\"{new string('n', 256)}\"", $"\"{new string('n', 600)}\"", $"\"{new string('é', 300)}\""];

    private static readonly DocumentMutator Mutator = new(new Dictionary<string, string[]>
    {
        ["iss"] = [$"\"{IssuerUnderTest.Issuer}\"", "\"https://evil.example\"", "null"],
        ["sub"] = Names,
        ["client_id"] = Names,
        ["aud"] = [$"\"{IssuerUnderTest.Audience}\"", "\"\"", "null", "[]"],
        ["sid"] = ["\"AAAAAAAAAAAAAAAAAAAAAA\"", "\"_AAAAAAAAAAAAAAAAAAAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAB\"", "\"\"", "null"],
        ["gen"] = Numbers,
        ["seen"] = ["{}", "{\"s\":1}", "{\"s\":-1}", "{\"s9\":1}", "{\"s\":253402300799999}", "{\"s1\":5,\"c3\":7,\"a\":9}", "{\"\":1}", "[]", "null", "{\"s\":1e3}"],
        ["scope"] = ["[]", "[\"\"]", "[\"reports.read\"]", "\"reports.read\"", "[1]", "null", "[\"a b\"]", "[\"\\u0000\"]"],
        ["amr"] = ["[]", "[\"pwd\"]", "[\"\"]", "[null]", "\"pwd\""],
        ["acr"] = ["\"\"", "\"high\"", "null", "1"],
        ["auth_time"] = Numbers,
        ["iat"] = Numbers,
        ["exp"] = Numbers,
        ["end"] = Numbers,
    });

    private readonly IssuerUnderTest _issuer = new();
    private readonly RefreshSeal _seal;
    private byte[] _good = [];

    private SealedContentTarget() => _seal = RefreshSeal.Of(_issuer);

    public static async Task<SealedContentTarget> BeginAsync()
    {
        var target = new SealedContentTarget();
        target._good = target._seal.Open((await target._issuer.StartAsync()).RefreshToken);
        return target;
    }

    public FuzzInput Next(Random random) => FuzzInput.Of(random.Next(50) == 0 ? _good : Mutator.Mutate(random, _good));

    public async Task<bool> RunAsync(FuzzInput input)
    {
        var token = _seal.Seal(input.Bytes);
        var home = _issuer.Sessions.FindHomeRegion(token);
        var refreshed = await _issuer.RefreshAsync(token);
        var ended = await _issuer.Sessions.EndAsync(token, everywhere: true);
        var isOver = (await _issuer.Sessions.EndAsync(token, everywhere: false)).Rejection != SessionRejection.RefreshTokenInvalid;
        FuzzFindingException.ThrowUnless(home is not null || (!refreshed.IsIssued && !isOver), "It cannot be opened, and is answered.");
        FuzzFindingException.ThrowUnless(
            !refreshed.IsIssued || (await _issuer.RefreshAsync(refreshed.Tokens.RefreshToken)).Rejection != SessionRejection.RefreshTokenInvalid || ended.Rejection == default,
            "Its successor cannot be read.");
        return home is not null;
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();
}
