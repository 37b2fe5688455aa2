namespace TokenSessions.Tests;

/// <summary>The repository the tests were built from.</summary>
internal static class SourceTree
{
    /// <summary>The directory with the solution, above the tests' own. (Paths the compiler knows are rewritten in deterministic builds.)</summary>
    public static string Root { get; } = Find(new(AppContext.BaseDirectory));

    /// <summary>The program of a project, where it was built: there, and not in the tests' folder, stand its own settings files.</summary>
    /// <param name="folder"><c>src</c> or <c>tests</c>.</param>
    /// <param name="project">Its name.</param>
    public static string Built(string folder, string project)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var (framework, configuration) = (output.Name, output.Parent!.Name);
        return Path.Combine(Root, folder, project, "bin", configuration, framework, project + ".dll");
    }

    private static string Find(DirectoryInfo directory) => File.Exists(Path.Combine(directory.FullName, "TokenSessions.sln"))
        ? directory.FullName
        : Find(directory.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository."));
}
