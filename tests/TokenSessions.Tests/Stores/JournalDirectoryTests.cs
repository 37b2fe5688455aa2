using System.Globalization;
using System.Runtime.Versioning;
using TokenSessions.Issuing.Stores;

namespace TokenSessions.Tests.Stores;

/// <summary>One owner, and nobody else may look.</summary>
public sealed class JournalDirectoryTests : JournalTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task A_second_owner_in_this_process_is_refused_with_the_directory()
    {
        await using var store = Open();

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);

        Assert.Contains($"{Home} is in use by this process ({Environment.ProcessId})", refused.Message, StringComparison.Ordinal);
        await DenyAsync(store, Token(1)); // The first is not disturbed.
    }

    [Fact]
    public async Task The_next_owner_is_let_in_once_the_first_has_closed()
    {
        await Open().DisposeAsync();

        await using var next = Open();

        Assert.Equal(
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            await File.ReadAllTextAsync(Path.Combine(Home, "sessions.owner"), Cancel));
    }

    [Fact]
    public async Task A_second_closing_does_not_take_the_directory_from_the_next_owner()
    {
        var first = Open();
        await first.DisposeAsync();
        await using var next = Open();

        await first.DisposeAsync();

        Assert.True(File.Exists(Path.Combine(Home, "sessions.owner")));
        Assert.Throws<SessionStoreUnavailableException>(Open);
    }

    [Fact]
    public async Task A_start_that_was_refused_leaves_the_directory_free()
    {
        await Open().DisposeAsync();
        Overwrite("not a journal"u8);

        var first = Assert.Throws<SessionStoreUnavailableException>(Open);
        var second = Assert.Throws<SessionStoreUnavailableException>(Open);

        Assert.Equal(first.Message, second.Message); // And not: in use.
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Directory_and_files_are_for_their_owner_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        await using var store = Open();
        await CompactAsync(store);

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Home));
        var files = Directory.GetFiles(Home);
        Assert.Equal(3, files.Length);
        Assert.All(files, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    [Theory]
    [InlineData("", UnixFileMode.GroupExecute, "chmod 700")]
    [InlineData("", UnixFileMode.OtherRead, "chmod 700")]
    [InlineData("sessions.journal", UnixFileMode.GroupRead, "chmod 600")]
    [InlineData("sessions.journal", UnixFileMode.OtherWrite, "chmod 600")]
    [InlineData("sessions.lock", UnixFileMode.OtherRead, "chmod 600")]
    [UnsupportedOSPlatform("windows")]
    public async Task What_others_can_get_at_is_refused_with_the_remedy(string file, UnixFileMode others, string remedy)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        await Open().DisposeAsync();
        var path = file.Length == 0 ? Home : Path.Combine(Home, file);
        var mode = File.GetUnixFileMode(path);
        File.SetUnixFileMode(path, mode | others);

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"{remedy} '{path}'", refused.Message, StringComparison.Ordinal);

        File.SetUnixFileMode(path, mode);
        await Open().DisposeAsync();
    }

    [Fact]
    public async Task Directories_on_the_way_are_made()
    {
        var deep = Path.Combine(Home, "a", "b");
        await using var store = JournalStore.Open(deep, Time);

        Assert.True(File.Exists(Path.Combine(deep, "sessions.journal")));
    }

    [Fact]
    public void A_path_that_cannot_be_a_directory_is_refused_with_its_name()
    {
        File.WriteAllText(Home, "a file");

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);

        Assert.Contains(Home, refused.Message, StringComparison.Ordinal);
    }
}
