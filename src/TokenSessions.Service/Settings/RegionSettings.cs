using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Settings;

/// <summary>The regions that share one replicated table, and which of them this service runs in.</summary>
internal sealed record RegionSettings
{
    /// <summary>The settings' names, without the section.</summary>
    public static IReadOnlyList<string> Names { get; } = [nameof(Region), "Regions", nameof(ReplicationLag)];

    /// <summary>The names of one entry of the list.</summary>
    public static IReadOnlyList<string> NamesOfRegion { get; } = ["Address"];

    /// <summary>This service's place in the list. Default 0.</summary>
    public int Region { get; private init; }

    /// <summary>
    /// Where each region's services are reached from the others, by its place; empty for a single region. Never renumbered: a
    /// session's <c>sid</c> begins with the place of its home.
    /// </summary>
    public IReadOnlyList<Uri> Addresses { get; private init; } = [];

    /// <summary>How long a change may take to reach the other regions. Default 5 seconds.</summary>
    public TimeSpan ReplicationLag { get; private init; }

    /// <summary>How many regions there are.</summary>
    public int Count => Math.Max(1, Addresses.Count);

    public static RegionSettings Read(SettingsReader reader, bool isDevelopment)
    {
        var addresses = new List<Uri>();
        var place = 0;
        foreach (var path in reader.Children("Regions"))
        {
            if (path != $"Regions:{place}")
            {
                reader.Report(path, $"must be Regions:{place}: the places are counted from 0 without a gap, in every region alike.");
            }

            place++;
            var setting = $"{path}:Address";
            var text = reader.Text(setting) ?? "";
            if (Address(text, isDevelopment) is not { } address)
            {
                reader.Report(setting, "must be an https address (http for a loopback host in Development) without user, query and fragment: "
                    + "where this region's services are reached from the others.");
            }
            else if (addresses.Contains(address))
            {
                reader.Report(setting, "is that of another region: each has its own.");
            }
            else
            {
                addresses.Add(address);
            }
        }

        if (addresses.Count > DenylistHead.MaxRegions)
        {
            reader.Report("Regions", $"has {addresses.Count} entries; at most {DenylistHead.MaxRegions} regions can share a table.");
        }

        return new()
        {
            Addresses = addresses,
            Region = reader.Number(nameof(Region), otherwise: 0, least: 0, most: Math.Max(0, addresses.Count - 1)),
            ReplicationLag = reader.Duration(nameof(ReplicationLag), TimeSpan.FromSeconds(5)),
        };
    }

    private static Uri? Address(string text, bool isDevelopment) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (isDevelopment && uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? new($"{uri.AbsoluteUri.TrimEnd('/')}/")
            : null;
}
