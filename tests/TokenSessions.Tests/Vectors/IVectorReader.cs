using System.Text.Json.Nodes;

namespace TokenSessions.Tests.Vectors;

/// <summary>Who judges a vector, and what no other kind of reader is told. Two that would judge every token alike may be equal.</summary>
internal interface IVectorReader
{
    /// <summary>As files name it.</summary>
    string Name { get; }

    /// <summary>Adds to a vector's members those that no other kind of reader is told.</summary>
    void Write(JsonObject vector);

    /// <summary>Asks for verdicts, in every way there is: each answer that is not the one expected; empty if all are right.</summary>
    /// <param name="vectors">Those whose reader is this one or equal to it.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    Task<IReadOnlyList<string>> FindWrongAnswersAsync(IEnumerable<Vector> vectors, CancellationToken cancellationToken);
}
