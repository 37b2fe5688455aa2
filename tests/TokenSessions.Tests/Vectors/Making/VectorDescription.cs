using System.Collections;
using TokenSessions.Validation;

namespace TokenSessions.Tests.Vectors.Making;

/// <summary>What a file of vectors is made from. Adding a vector is one line: <c>{ name, verdict, token }</c>.</summary>
/// <param name="name">The file's name without <c>.json</c>.</param>
/// <param name="attack">See <see cref="VectorFile"/>.</param>
/// <param name="reference">See <see cref="VectorFile"/>.</param>
internal sealed class VectorDescription(string name, string attack, string reference) : IEnumerable<Vector>
{
    private readonly List<Vector> _vectors = [];

    public string Name => name;

    public void Add<T>(string vector, T? expected, IMadeToken<T> token, string? why = null)
        where T : struct, Enum => _vectors.Add(token.ToVector(vector, expected, why));

    /// <summary>One vector for each value; <c>{0}</c> in the name stands for the value.</summary>
    public void Add<T>(string vector, IEnumerable<string> values, T? expected, Func<string, IMadeToken<T>> make, string? why = null)
        where T : struct, Enum
    {
        foreach (var value in values)
        {
            Add(vector.Replace("{0}", value, StringComparison.Ordinal), expected, make(value), why);
        }
    }

    /// <summary>A text that was not made from a token.</summary>
    public void Add(string vector, TokenRejection? expected, string token, string? why = null) =>
        _vectors.Add(new(vector, token, Vector.Verdict(expected)) { Why = why });

    public string Write() => new VectorFile(name, attack, reference, _vectors).Write();

    public IEnumerator<Vector> GetEnumerator() => _vectors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
