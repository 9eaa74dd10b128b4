"""Settings, schema and a database file → what jobs and results stand on: objects, store, faults, clock."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from include.local_org import describes, faults, ids, quotas, retention, schema, store, visible

if TYPE_CHECKING:
    from pathlib import Path

    from include.local_org import settings

# When the org's own records were made.
BEGUN = "2026-01-01T00:00:00.000+0000"
# Users and record types of the org's own have the first Ids of their kinds.
OWN, MOST_OWN = ("005", "012"), 1000
USERNAME, LIMITED_USERNAME = "loader@local.org", "limited@local.org"


class Site:
    """The org without its doors: no log-ins, no HTTP."""

    def __init__(self, data: Path, given: settings.Settings, schema_folder: Path | None = None) -> None:
        self.settings = given
        self._all_objects = schema.load(schema_folder)
        self.objects = visible.to_user(self._all_objects, given)
        self.quotas = quotas.Quotas()
        self.store = store.Store(data, self._all_objects)
        self.faults = faults.Faults(given.http_faults, given.seed)
        self.org_id = ids.full(f"00D{given.org_number:012}")
        self.user_id, self.limited_user_id = ids.full("005000000000001"), ids.full("005000000000002")
        self._own_rows()

    def _own_rows(self) -> None:
        """The org's own rows: Organization, users, record types, the standard price book, what there is."""
        about = {"Name": "Local Org", "IsSandbox": int(self.settings.sandbox), "OrganizationType": "Developer Edition"}
        locale = {"InstanceName": "LOCAL", "LanguageLocaleKey": "en_US", "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "GMT"}
        self._own_row("Organization", {"Id": self.org_id, **about, "PrimaryContact": "Loader", "Country": "US", **locale})
        profile = {"Id": ids.full("00e000000000001"), "Name": "System Administrator", "UserType": "Standard"}
        self._own_row("Profile", profile)
        for sf_id, username, name in ((self.user_id, USERNAME, "Loader"), (self.limited_user_id, LIMITED_USERNAME, "Limited")):
            named = {"Username": username, "Username~": username, "Name": name, "LastName": name, "Alias": name.lower(), "Email": username}
            spoken = {"TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8", "LanguageLocaleKey": "en_US"}
            more = {"IsActive": 1, "ProfileId": profile["Id"], "UserType": "Standard"}
            self._own_row("User", {"Id": sf_id, **named, **spoken, **more})
        self._own_row("Pricebook2", {"Id": ids.full("01sz00000000001"), "Name": "Standard Price Book", "IsActive": 1, "IsStandard": 1})
        for number, sobject in enumerate(self._all_objects.values()):
            for each in describes.record_types(sobject)[:-1]:
                named = {"Name": each["name"], "Name~": each["name"], "DeveloperName": each["developerName"]}
                own = {"DeveloperName~": each["developerName"], "SobjectType": sobject.name, "IsActive": 1}
                self._own_row("RecordType", {"Id": each["recordTypeId"], **named, **own})
            self._own_row("EntityDefinition", _entity(number, sobject))
        with self.store.writing() as con:
            for prefix in OWN:
                self.store.keep_ids(con, prefix, MOST_OWN)

    def _own_row(self, sobject: str, values: dict[str, Any]) -> None:
        """Write a row of the org's own, once; a schema of somebody's may lack the object, or some of its fields."""
        found = self._all_objects.get(sobject.lower())
        if found is None:
            return
        begun = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), BEGUN)
        touched = begun | {"CreatedById": self.user_id, "LastModifiedById": self.user_id}
        kept = {name: value for name, value in (touched | values).items() if found.field(name.rstrip("~"))} | {"IsDeleted": 0}
        names = ", ".join(f'"{column}"' for column in kept)
        # A new start may know better what it is; what users wrote beside that stays.
        again = ", ".join(f'"{column}" = excluded."{column}"' for column in values if column in kept and column != "Id")
        with self.store.writing() as con:
            marks = ", ".join("?" * len(kept))
            con.execute(
                f'INSERT INTO "{sobject}" ({names}) VALUES ({marks}) ON CONFLICT ("Id") DO UPDATE SET {again}, "IsDeleted" = 0',
                [*kept.values()],
            )

    def clock(self) -> datetime.datetime:
        """The time by the org's clock, which may be set wrong."""
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.settings.clock_skew_seconds)

    def now(self) -> str:
        """The time as Salesforce writes it."""
        return retention.written(self.clock())

    def change(self, document: dict[str, Any]) -> None:
        """Take over settings at run time. Raises Unfit, and changes nothing, for one that can't be."""
        changed = self.settings.changed(document)
        self.objects = visible.to_user(self._all_objects, changed)
        self.settings = changed
        if "http_faults" in document:
            self.faults.replace(self.settings.http_faults, self.settings.seed)


def _entity(number: int, sobject: schema.SObject) -> dict[str, Any]:
    """What EntityDefinition says of an object."""
    told = sobject.describe
    return {
        "Id": ids.full(f"{number + 1:015d}"),
        "DurableId": sobject.name,
        "QualifiedApiName": sobject.name,
        "DeveloperName": sobject.name.removesuffix("__c"),
        "Label": sobject.label,
        "PluralLabel": told.get("labelPlural", sobject.label),
        "KeyPrefix": sobject.key_prefix,
        "IsQueryable": 1,
        "IsCustomizable": int(bool(told["createable"])),
        "IsTriggerable": int(bool(told["triggerable"])),
        "IsCustomSetting": 0,
    }
