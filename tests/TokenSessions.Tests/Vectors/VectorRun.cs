using System.Collections.Concurrent;
using System.Text;
using TokenSessions.Validation.Jose;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Tests.Vectors;

/// <summary>Has the vectors of a file judged, each by its reader.</summary>
internal static class VectorRun
{
    private static readonly ConcurrentDictionary<string, KeySet?> KeySets = new();

    /// <summary>Every verdict that is not the one expected; empty if all are right.</summary>
    public static async Task<IReadOnlyList<string>> FindWrongAnswersAsync(VectorFile file, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        foreach (var vectors in file.Vectors.GroupBy(vector => vector.Reader))
        {
            wrong.AddRange(await vectors.Key.FindWrongAnswersAsync(vectors, cancellationToken));
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
