using System.Xml.Linq;

namespace TokenSessions.Tests.House;

/// <summary>The projects under <c>src</c>.</summary>
internal static class SourceProjects
{
    /// <summary>Name and project file.</summary>
    public static IReadOnlyDictionary<string, XDocument> Projects { get; } = Directory
        .EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetFileNameWithoutExtension(file), XDocument.Load);

    /// <summary>True for the projects that become packages.</summary>
    public static bool IsPackage(string project) => Projects[project].Descendants("IsPackable").All(element => element.Value != "false");
}
