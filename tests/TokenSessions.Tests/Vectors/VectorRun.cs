using System.Collections.Concurrent;
using System.Text;
using TokenSessions.Tests.Validation;
using TokenSessions.Validation;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Vectors;

/// <summary>Asks validators for their verdicts, and the issuer for those on refresh tokens.</summary>
internal static class VectorRun
{
    private const int Remembered = 100;

    private static readonly string GoodToken = Making.VectorToken.Token.ToString();
    private static readonly ConcurrentDictionary<string, KeySet?> KeySets = new();

    /// <summary>Every verdict that is not the one expected; empty if all are right.</summary>
    public static async Task<IReadOnlyList<string>> FindWrongAnswersAsync(VectorFile file, CancellationToken cancellationToken)
    {
        await using var issuer = new RefreshTokenReader();
        var wrong = new List<string>();
        foreach (var vector in file.Vectors)
        {
            wrong.AddRange(vector.Reader == VectorReader.RefreshToken
                ? await issuer.FindWrongAnswersAsync(vector, cancellationToken)
                : await FindWrongAnswersAsync(vector, cancellationToken));
        }

        return wrong;
    }

    /// <summary>Whether the token's signature is that of the key it names; says nothing of the rest of it.</summary>
    public static bool IsSigned(Vector vector)
    {
        var segments = vector.Token.Split('.');
        return ParseKeySet(vector.PublishedKeySet)?.Find(vector.SignedBy!) is { } key
            && key.Verify(Encoding.ASCII.GetBytes($"{segments[0]}.{segments[1]}"), StrictBase64Url.Decode(segments[2]));
    }

    /// <summary>The set, or null for a document that a validator's host would not take.</summary>
    public static KeySet? ParseKeySet(string document) => KeySets.GetOrAdd(document, text => Parse(Encoding.UTF8.GetBytes(text)));

    /// <remarks>
    /// Asked in every way in which a validator may have met the token before: cold, remembered, remembered from before the rules
    /// were known, beside a good token with which it may share its signature, and by one that remembers nothing.
    /// </remarks>
    private static async Task<IReadOnlyList<string>> FindWrongAnswersAsync(Vector vector, CancellationToken cancellationToken)
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

            foreach (var rule in vector.Rules)
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

    private static TokenValidator Build(Vector vector, int remembered, DenylistSync denylist, FakeClock clock)
    {
        var keys = ParseKeySet(vector.PublishedKeySet);
        var source = keys is null ? new FakeKeySetSource { IsDown = true } : new FakeKeySetSource { Keys = keys };
        var options = new TokenValidationOptions
        {
            Issuer = TestToken.Issuer,
            Audiences = [TestToken.Audience],
            Types = [.. vector.Types],
            MaxRememberedTokens = remembered,
        };
        return new(options, new KeySetCache(source, clock), denylist, clock);
    }

    private static KeySet? Parse(byte[] document)
    {
        try
        {
            return KeySet.Parse(document);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
