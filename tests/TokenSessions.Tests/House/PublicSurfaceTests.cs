using System.Reflection;

namespace TokenSessions.Tests.House;

/// <summary>What users of the packages can touch is written down: a change of it is seen, and meant.</summary>
public sealed class PublicSurfaceTests
{
    private const string UpdateSetting = "TOKENSESSIONS_WRITE_PUBLIC_SURFACE";

    public static TheoryData<string> Packages => [.. SourceProjects.Projects.Keys.Where(SourceProjects.IsPackage).Order()];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_members_are_those_written_down(string package)
    {
        var file = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Tests", "House", "PublicSurface", package + ".txt");
        var actual = Describe(Assembly.Load(package)).ToArray();
        if (Environment.GetEnvironmentVariable(UpdateSetting) == "1")
        {
            File.WriteAllLines(file, actual);
        }

        var expected = File.Exists(file) ? File.ReadAllLines(file) : [];

        Assert.True(expected.SequenceEqual(actual), $"""
            The public surface of {package} has changed. If that was meant, run the test once with {UpdateSetting}=1 and commit {file}.
            Added: {string.Join("; ", actual.Except(expected))}
            Removed: {string.Join("; ", expected.Except(actual))}
            """);
    }

    private static IEnumerable<string> Describe(Assembly assembly)
    {
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            yield return $"{Kind(type)} {type.FullName}";
            foreach (var member in Members(type).Order(StringComparer.Ordinal))
            {
                yield return $"    {member}";
            }
        }
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : type.IsValueType ? "struct"
        : type.IsAbstract && type.IsSealed ? "static class"
        : type.IsSealed ? "sealed class"
        : type.IsAbstract ? "abstract class"
        : "class";

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (var member in type.GetMembers(Declared))
        {
            switch (member)
            {
                case FieldInfo { IsPublic: true } field:
                    yield return $"{(field.IsLiteral ? "const " : "")}{field}{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}";
                    break;
                case ConstructorInfo constructor when IsVisible(constructor):
                    yield return constructor.ToString()!;
                    break;
                case MethodInfo method when IsVisible(method) && !method.Name.Contains('<'): // Not what the compiler adds to records.
                    yield return method.ToString()!;
                    break;
            }
        }
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;
}
