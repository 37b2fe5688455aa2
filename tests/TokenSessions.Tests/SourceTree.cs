namespace TokenSessions.Tests;

/// <summary>The repository the tests were built from.</summary>
internal static class SourceTree
{
    /// <summary>The directory with the solution, above the tests' own. (Paths the compiler knows are rewritten in deterministic builds.)</summary>
    public static string Root { get; } = Find(new(AppContext.BaseDirectory));

    private static string Find(DirectoryInfo directory) => File.Exists(Path.Combine(directory.FullName, "TokenSessions.sln"))
        ? directory.FullName
        : Find(directory.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository."));
}
