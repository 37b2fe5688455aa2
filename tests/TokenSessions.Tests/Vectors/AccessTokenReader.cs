using System.Text.Json.Nodes;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Vectors;

/// <summary>The validator of an API, which reads access tokens: verdicts are <see cref="TokenRejection"/>.</summary>
internal sealed class AccessTokenReader : IVectorReader
{
    public const string OwnName = "access-token";

    private const int Remembered = 100;

    private static readonly string[] UsualTypes = ["at+jwt"];
    private static readonly string GoodToken = Making.VectorToken.Token.ToString();

    /// <summary>The <c>typ</c> values accepted.</summary>
    public IReadOnlyList<string> Types { get; init; } = UsualTypes;

    /// <summary>The rules of the denylist.</summary>
    public IReadOnlyList<VectorRule> Rules { get; init; } = [];

    public string Name => OwnName;

    public static AccessTokenReader Read(JsonNode vector) => new()
    {
        Types = vector["types"] is JsonArray types ? [.. types.Select(type => (string)type!)] : UsualTypes,
        Rules = vector["rules"] is JsonArray rules ? [.. rules.Select(rule => VectorRule.Read(rule!))] : [],
    };

    public void Write(JsonObject vector)
    {
        if (!Types.SequenceEqual(UsualTypes))
        {
            vector["types"] = new JsonArray([.. Types.Select(type => (JsonNode)type)]);
        }

        if (Rules.Count > 0)
        {
            vector["rules"] = new JsonArray([.. Rules.Select(rule => rule.Write())]);
        }
    }

    public async Task<IReadOnlyList<string>> FindWrongAnswersAsync(IEnumerable<Vector> vectors, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        foreach (var vector in vectors)
        {
            wrong.AddRange(await FindWrongAnswersAsync(vector, cancellationToken));
        }

        return wrong;
    }

    /// <remarks>
    /// Asked in every way in which a validator may have met the token before: cold, remembered, remembered from before the rules
    /// were known, beside a good token with which it may share its signature, and by one that remembers nothing.
    /// </remarks>
    private async Task<IReadOnlyList<string>> FindWrongAnswersAsync(Vector vector, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        foreach (var (before, remembered) in ((string?, int)[])[(null, Remembered), (vector.Token, Remembered), (GoodToken, Remembered), (null, 0)])
        {
            var clock = new FakeClock(vector.Now);
            var feed = new FakeDenylistFeed(clock);
            var denylist = new DenylistSync(feed, clock);
            var validator = Build(vector, remembered, denylist, clock);
            if (before is not null)
            {
                await denylist.SyncAsync(cancellationToken);
                await AnswerAsync(validator, before, cancellationToken);
            }

            foreach (var rule in Rules)
            {
                feed.Deny(rule.Kind, rule.Value, rule.Watermark);
            }

            await denylist.SyncAsync(cancellationToken);
            for (var time = 1; time <= 2; time++)
            {
                var answer = await AnswerAsync(validator, vector.Token, cancellationToken);
                if (answer != vector.Expected)
                {
                    wrong.Add($"{vector.Name}: {answer}, not {vector.Expected} (time {time}, remembering {remembered}"
                        + $"{(before is null ? "" : before == GoodToken ? ", after the good token" : ", rules known later")})");
                }
            }
        }

        return wrong;
    }

    private static async Task<string> AnswerAsync(TokenValidator validator, string token, CancellationToken cancellationToken)
    {
        try
        {
            var received = new string(token); // As from another request: never the same object again.
            return (await validator.ValidateAsync(received, cancellationToken)).ToString();
        }
        catch (Exception e) when (e is not OperationCanceledException) // Nothing in a token may throw, so this is a wrong answer, too.
        {
            return e.GetType().Name;
        }
    }

    private TokenValidator Build(Vector vector, int remembered, DenylistSync denylist, FakeClock clock)
    {
        var keys = VectorRun.ParseKeySet(vector.PublishedKeySet);
        var source = keys is null ? new FakeKeySetSource { IsDown = true } : new FakeKeySetSource { Keys = keys };
        var options = new TokenValidationOptions
        {
            Issuer = TestToken.Issuer,
            Audiences = [TestToken.Audience],
            Types = [.. Types],
            MaxRememberedTokens = remembered,
        };
        return new(options, new KeySetCache(source, clock), denylist, clock);
    }
}
