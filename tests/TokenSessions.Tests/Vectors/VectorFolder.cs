using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenSessions.Tests.Vectors;

/// <summary>Where the vectors stand, and how their JSON is written.</summary>
internal static class VectorFolder
{
    private static readonly string Root = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Tests", "Vectors");

    /// <summary>As people read it: <c>+</c> is not escaped.</summary>
    public static JsonSerializerOptions Compact { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = JsonSerializerOptions.Default.TypeInfoResolver, // For AnyText, which is no type of the library's.
    };

    /// <summary>The same on many lines.</summary>
    public static JsonSerializerOptions Indented { get; } = new(Compact) { WriteIndented = true, NewLine = "\n" };

    /// <summary>The names of all files with vectors, without <c>.json</c>.</summary>
    public static IReadOnlyList<string> Names =>
        [.. Directory.EnumerateFiles(Root, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static string PathOf(string file) => Path.Combine(Root, file);
}
