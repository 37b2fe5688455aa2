using TokenSessions.Aws.DynamoDb;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Service.Settings;

/// <summary>Where rules and session items are written down.</summary>
internal sealed record StoreSettings
{
    public const string Embedded = "embedded";
    public const string DynamoDb = "dynamodb";
    public const string TableSetting = "DynamoDb:Table";

    /// <summary>The settings' names, without the section.</summary>
    public static IReadOnlyList<string> Names { get; } = ["Store", "DynamoDb", nameof(FeedShards)];

    /// <summary>True for a DynamoDB table; false, the default, for the journal in the data directory.</summary>
    public bool IsDynamoDb { get; private init; }

    /// <summary>The table's name. Required with <see cref="IsDynamoDb"/>.</summary>
    public string Table { get; private init; } = "";

    /// <summary>
    /// Into how many parts the feed is written, 1 (the default) to 64: each takes 1,000 rules a second. A number that stands in the
    /// table's head only grows, and is used 2 minutes after it was raised.
    /// </summary>
    public int FeedShards { get; private init; } = 1;

    public static StoreSettings Read(SettingsReader reader)
    {
        var store = reader.Text("Store") ?? Embedded;
        if (store is not (Embedded or DynamoDb))
        {
            reader.Report("Store", $"must be {Embedded} or {DynamoDb}, but is {SettingsReader.Quote(store)}.");
        }

        var table = reader.Text(TableSetting) ?? "";
        if (store == DynamoDb && table.Length == 0)
        {
            reader.Report(TableSetting, "is missing: name the table. The command `table create` makes it.");
        }

        if (table.Length > 0)
        {
            foreach (var problem in new DynamoDbOptions { Table = table }.Problems())
            {
                reader.Report(TableSetting, problem[(problem.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
            }
        }

        if (store == Embedded && table.Length > 0)
        {
            reader.Report(TableSetting, $"names a table, but Store is {Embedded}: set Store to {DynamoDb}, or leave the table out.");
        }

        return new()
        {
            IsDynamoDb = store == DynamoDb,
            Table = table,
            FeedShards = reader.Number(nameof(FeedShards), otherwise: 1, least: 1, most: DenylistHead.MaxShards),
        };
    }
}
