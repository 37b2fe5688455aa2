using System.Text.Json.Nodes;
using TokenSessions.Issuing;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Issuing;
using TokenSessions.Tests.Issuing.Keys;

namespace TokenSessions.Tests.Vectors;

/// <summary>The issuer, which reads refresh tokens; its sealing key is the vector's key set: verdicts are <see cref="SessionRejection"/>.</summary>
internal sealed record RefreshTokenReader : IVectorReader
{
    public const string OwnName = "refresh-token";

    private static readonly string[] NotOpened = [$"{SessionRejection.RefreshTokenInvalid}", $"{SessionRejection.SealingKeyUnknown}"];

    public string Name => OwnName;

    public void Write(JsonObject vector)
    {
        // It is told nothing but what every reader is.
    }

    /// <remarks>By one issuer, until a token has reached its store or another is needed.</remarks>
    public async Task<IReadOnlyList<string>> FindWrongAnswersAsync(IEnumerable<Vector> vectors, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        var waiting = new Queue<Vector>(vectors);
        while (waiting.TryPeek(out var first))
        {
            await using var issuer = Begin(first);
            while (issuer.Store.Calls.Count == 0 && waiting.TryPeek(out var next) && (next.PublishedKeySet, next.Now) == (first.PublishedKeySet, first.Now))
            {
                wrong.AddRange(await FindWrongAnswersAsync(issuer, waiting.Dequeue(), cancellationToken));
            }
        }

        return wrong;
    }

    /// <remarks>A token that is not opened must not reach the store, whatever is asked for with it.</remarks>
    private static async Task<IReadOnlyList<string>> FindWrongAnswersAsync(IssuerUnderTest issuer, Vector vector, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        await AskAsync("refresh", vector.Expected, async () =>
            await issuer.RefreshAsync(vector.Token) is { IsIssued: false } refused ? $"{refused.Rejection}" : Vector.Accepted);
        if (NotOpened.Contains(vector.Expected))
        {
            await AskAsync("home region", "", () => Task.FromResult($"{issuer.Sessions.FindHomeRegion(vector.Token)}"));
            foreach (var everywhere in (bool[])[false, true])
            {
                await AskAsync("logout", vector.Expected, async () =>
                    await issuer.Sessions.EndAsync(vector.Token, everywhere, cancellationToken) is { IsEnded: false } ended ? $"{ended.Rejection}" : Vector.Accepted);
            }

            await AskAsync("calls of the store", "", () => Task.FromResult(string.Join(' ', issuer.Store.Calls)));
        }

        return wrong;

        async Task AskAsync(string what, string expected, Func<Task<string>> ask)
        {
            var answer = "";
            try
            {
                answer = await ask();
            }
            catch (Exception e) when (e is not OperationCanceledException) // Nothing in a token may throw, so this is a wrong answer, too.
            {
                answer = e.GetType().Name;
            }

            if (answer != expected)
            {
                wrong.Add($"{vector.Name}: '{answer}', not '{expected}' ({what})");
            }
        }
    }

    private static IssuerUnderTest Begin(Vector vector)
    {
        var issuer = new IssuerUnderTest();
        issuer.Time.StepWallClock(vector.Now - Vector.DefaultNow);
        AddSealingKey(issuer, JsonNode.Parse(vector.PublishedKeySet)!["keys"]![0]!);
        return issuer;
    }

    /// <summary>One that sealed before those of the ring: refresh tokens under it are opened.</summary>
    private static void AddSealingKey(IssuerUnderTest issuer, JsonNode jwk)
    {
        var standing = issuer.Ring.Of("seal")[0];
        var added = standing.DeepClone().AsObject();
        (added["kid"], added["file"]) = ((string)jwk["kid"]!, "vectors.key");
        RingDirectory.StartAt(added, Vector.DefaultNow.AddDays(-1));
        File.Copy(issuer.Ring.FileOf(standing), issuer.Ring.FileOf(added)); // With its permissions.
        File.WriteAllText(issuer.Ring.FileOf(added), (string)jwk["k"]!);
        issuer.Ring.Keys.Add(added);
        issuer.Ring.Save();
        var reload = issuer.Keys.Reload();
        Assert.True(reload.Change == KeyRingChange.Replaced, reload.Problem);
    }
}
