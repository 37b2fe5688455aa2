namespace TokenSessions.Tests.House;

/// <summary>References point one way, and the cores stand on the platform alone.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["TokenSessions.Validation"] = [],
        ["TokenSessions.Issuing"] = ["TokenSessions.Validation"],
        ["TokenSessions.Aws"] = ["TokenSessions.Issuing"],
        ["TokenSessions.AspNetCore"] = ["TokenSessions.Validation"],
        ["TokenSessions.JwtBearer"] = ["TokenSessions.AspNetCore"],
        ["TokenSessions.Service"] = ["TokenSessions.AspNetCore", "TokenSessions.Aws", "TokenSessions.Issuing"],
        ["TokenSessions.SampleApi"] = ["TokenSessions.AspNetCore", "TokenSessions.Aws", "TokenSessions.JwtBearer"],
    };

    [Fact]
    public void Every_project_references_only_what_it_may()
    {
        Assert.Equal(Allowed.Keys.Order(), SourceProjects.Projects.Keys.Order());
        foreach (var (name, project) in SourceProjects.Projects)
        {
            var references = project.Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order();

            Assert.Equal(Allowed[name].Order(), references);
        }
    }

    [Theory]
    [InlineData("TokenSessions.Validation")]
    [InlineData("TokenSessions.Issuing")]
    public void The_cores_use_the_platform_alone(string name)
    {
        var project = SourceProjects.Projects[name];

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("FrameworkReference"));
        Assert.Equal("Microsoft.NET.Sdk", project.Root!.Attribute("Sdk")!.Value);
    }

    [Fact]
    public void Every_library_but_JwtBearer_is_checked_for_native_compilation()
    {
        var unchecked_ = SourceProjects.Projects.Where(project => SourceProjects.IsPackage(project.Key)
            && project.Value.Descendants("IsAotCompatible").All(element => element.Value != "true"));

        Assert.Equal(["TokenSessions.JwtBearer"], unchecked_.Select(project => project.Key));
    }

    [Fact]
    public void Every_package_brings_a_page_and_says_what_it_is()
    {
        foreach (var name in SourceProjects.Projects.Keys.Where(SourceProjects.IsPackage))
        {
            Assert.True(File.Exists(Path.Combine(SourceTree.Root, "src", name, "README.md")), $"{name} has no README.md.");
            Assert.NotEmpty(SourceProjects.Projects[name].Descendants("Description"));
        }
    }
}
