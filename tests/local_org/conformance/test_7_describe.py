"""Section 7.4: what there is, and what describe says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

_FIELD_KEYS = (
    "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive "
    "compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate "
    "dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo "
    "filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup "
    "inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues "
    "polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName "
    "relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique "
    "updateable writeRequiresMasterRead "
)
FIELD_KEYS = {*_FIELD_KEYS.split()}
_TOP_KEYS = (
    "actionOverrides activateable associateEntityType childRelationships createable custom deletable fields "
    "keyPrefix label name queryable recordTypeInfos searchable triggerable updateable urls "
)
TOP_KEYS = {*_TOP_KEYS.split()}
_CHILD_KEYS = (
    "cascadeDelete childSObject deprecatedAndHidden field junctionIdListNames junctionReferenceTo relationshipName restrictedDelete "
)
CHILD_KEYS = {*_CHILD_KEYS.split()}


def described(salesforce: Salesforce, sobject: str) -> dict[str, Any]:
    """Describe an object."""
    found: dict[str, Any] = salesforce.call("GET", f"/sobjects/{sobject}/describe").json()
    return found


@pytest.mark.real
@pytest.mark.parametrize("sobject", ["Account", "Contact", "Opportunity", "OpportunityLineItem", "Lead", "Task", "RecordType"])
def test_7_4_every_field_has_every_key(salesforce: Salesforce, sobject: str) -> None:
    """No client has to guess."""
    found = described(salesforce, sobject)
    assert [] == [field["name"] for field in found["fields"] if FIELD_KEYS - set(field)]
    assert set() == TOP_KEYS - set(found)


@pytest.mark.real
def test_7_4_known_fields_are_as_in_salesforce(salesforce: Salesforce) -> None:
    """A text, a number, a self reference, an owner, a date of the system's."""
    fields = {each["name"]: each for each in described(salesforce, "Account")["fields"]}
    name, parent, owner = fields["Name"], fields["ParentId"], fields["OwnerId"]
    assert ("string", 255, 765, False, True) == tuple(name[key] for key in ("type", "length", "byteLength", "nillable", "createable"))
    assert ("int", 8) == (fields["NumberOfEmployees"]["type"], fields["NumberOfEmployees"]["digits"])
    assert ("currency", 18, 0, "xsd:double") == tuple(fields["AnnualRevenue"][key] for key in ("type", "precision", "scale", "soapType"))
    assert ("reference", 18, ["Account"], "Parent") == tuple(parent[key] for key in ("type", "length", "referenceTo", "relationshipName"))
    assert (False, True, ["User"]) == tuple(owner[key] for key in ("nillable", "defaultedOnCreate", "referenceTo"))
    assert not fields["CreatedDate"]["createable"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("sobject", "required"), [("Account", {"Name"}), ("Contact", {"LastName"}), ("Opportunity", {"Name", "StageName", "CloseDate"})]
)
def test_7_4_what_a_new_record_needs(salesforce: Salesforce, sobject: str, required: set[str]) -> None:
    """Createable, not nillable, not defaulted."""
    fields = described(salesforce, sobject)["fields"]
    assert required == {each["name"] for each in fields if each["createable"] and not each["nillable"] and not each["defaultedOnCreate"]}


@pytest.mark.real
def test_7_4_the_list_names_each_object(salesforce: Salesforce) -> None:
    """Briefly: no fields; with the addresses of more."""
    told = salesforce.call("GET", "/sobjects").json()
    (account,) = [each for each in told["sobjects"] if each["name"] == "Account"]
    assert ("UTF-8", 200, "001") == (told["encoding"], told["maxBatchSize"], account["keyPrefix"])
    assert "fields" not in account
    assert "Account" == salesforce.call("GET", account["urls"]["describe"]).json()["name"]
    basics = salesforce.call("GET", account["urls"]["sobject"]).json()
    assert account == basics["objectDescribe"]


@pytest.mark.real
def test_7_4_children_are_named(salesforce: Salesforce) -> None:
    """Which lookup of which object, and whether they go with their parent."""
    children = {(each["childSObject"], each["field"]): each for each in described(salesforce, "Account")["childRelationships"]}
    contacts, accounts = children["Contact", "AccountId"], children["Account", "ParentId"]
    assert (CHILD_KEYS, "Contacts", True) == (set(contacts), contacts["relationshipName"], contacts["cascadeDelete"])
    assert not accounts["cascadeDelete"]


@pytest.mark.real
def test_7_4_each_object_has_the_master_record_type(salesforce: Salesforce) -> None:
    """Its Id is the same everywhere."""
    for sobject in ("Account", "Contact"):
        (master,) = [each for each in described(salesforce, sobject)["recordTypeInfos"] if each["master"]]
        assert ("012000000000000AAA", "Master") == (master["recordTypeId"], master["developerName"])


@pytest.mark.local
@pytest.mark.known
def test_7_4_record_types_are_records_that_others_name(salesforce: Salesforce) -> None:
    """By Id or by name."""
    infos = {each["developerName"]: each["recordTypeId"] for each in described(salesforce, "Opportunity")["recordTypeInfos"]}
    rows = salesforce.query("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Opportunity'")
    assert infos == {each["DeveloperName"]: each["Id"] for each in rows} | {"Master": "012000000000000AAA"}
    text = f"Name,StageName,CloseDate,RecordType.DeveloperName\n{salesforce.key('typed')},New,2026-01-31,Renewal\n"
    job = salesforce.run(text, "Opportunity")
    (row,) = salesforce.rows(job, "successfulResults")
    (record,) = salesforce.query(f"SELECT RecordTypeId, RecordType.Name FROM Opportunity WHERE Id = '{row['sf__Id']}'")
    assert (infos["Renewal"], "Renewal") == (record["RecordTypeId"], record["RecordType"]["Name"])
    salesforce.call("DELETE", f"/sobjects/Opportunity/{row['sf__Id']}")


@pytest.mark.known
def test_7_4_entity_definition_and_organization_can_be_asked(salesforce: Salesforce) -> None:
    """What clients ask before their first job."""
    (row,) = salesforce.query("SELECT QualifiedApiName, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Contact'")
    assert ("Contact", "003") == (row["QualifiedApiName"], row["KeyPrefix"])
    wanted = "Id, NamespacePrefix, IsSandbox, InstanceName, OrganizationType, LanguageLocaleKey, TrialExpirationDate"
    (organization,) = salesforce.query(f"SELECT {wanted} FROM Organization")
    assert organization["Id"].startswith("00D")


@pytest.mark.real
def test_6_limits_are_pairs(salesforce: Salesforce) -> None:
    """Max and Remaining; batches under the name of the version."""
    new, old = (salesforce.call("GET", f"/services/data/v{version}.0/limits/").json() for version in (66, 48))
    names = {"DailyApiRequests", "DailyBulkApiBatches", "DailyBulkV2QueryJobs", "DailyBulkV2QueryFileStorageMB", "DataStorageMB"}
    assert names <= set(new)
    assert {"Max", "Remaining"} == set(new["DailyApiRequests"])
    assert "DailyBulkApiRequests" in old
    assert "DailyBulkApiBatches" not in old


@pytest.mark.inferred
def test_6_each_call_costs_one(salesforce: Salesforce) -> None:
    """The header tells it at once."""
    used = [int(salesforce.call("GET", "/limits").headers["Sforce-Limit-Info"].split("=")[1].split("/")[0]) for _ in range(2)]
    assert used[1] > used[0]
