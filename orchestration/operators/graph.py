"""The dbt project as groups of tasks: Cosmos draws the graph, the tasks are ours.

Cosmos reads the manifest and makes groups, names and edges. What runs behind each node
is a `NodeOperator`, because one dbt process builds the branch
(docs/decisions/0033-one-dbt-process-many-tasks.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from airflow.sdk import TaskGroup
from cosmos import DbtTaskGroup, ProfileConfig, ProjectConfig, RenderConfig
from cosmos import settings as cosmos_settings
from cosmos.constants import (
    DbtResourceType,
    LoadMode,
    SourceRenderingBehavior,
    TestBehavior,
)

from orchestration.lake.model import TableId
from orchestration.operators.node import NodeOperator
from orchestration.scheduler.deploy import manifest
from orchestration.settings import Settings

# Two folders of one name in different layers are two groups.
cosmos_settings.enable_hierarchical_naming_for_group_nodes_by_folder = True

_KINDS = (
    DbtResourceType.MODEL,
    DbtResourceType.SEED,
    DbtResourceType.SNAPSHOT,
    DbtResourceType.SOURCE,
    DbtResourceType.TEST,
)


class Graph:
    """The project's manifest, as it was when the DAGs were deployed.

    Raises:
        SetupError: There is none, or the project has changed since.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.path, self._manifest = manifest(settings)

    def sources(self) -> Iterator[TableId]:
        """The raw tables that it reads."""
        for node in self._manifest["sources"].values():
            yield TableId(node["schema"], node["identifier"])

    def task_group(self, *, build_task: str) -> DbtTaskGroup:
        """All nodes as tasks, in groups like the folders.

        Args:
            build_task: The id of the task that runs dbt.
        """
        project = self._settings.project_dir

        def convert(*, node: Any, task_id: str, **given: Any) -> NodeOperator:
            ids = self._ids(node, task_id)
            group = given["task_group"]
            if task_id in self._shared_tests:
                group = _tests_group(group)
            return NodeOperator(
                task_id=task_id,
                nodes=ids,
                select=[f"fqn:{'.'.join(self._node(one)['fqn'])}" for one in ids],
                build_task=build_task,
                doc_md=self._doc(ids),
                dag=given["dag"],
                task_group=group,
            )

        converters: dict[Any, Any] = dict.fromkeys(_KINDS, convert)
        return DbtTaskGroup(
            group_id="dbt",
            project_config=ProjectConfig(
                dbt_project_path=project,
                manifest_path=self.path,
                install_dbt_deps=False,
            ),
            profile_config=ProfileConfig(
                profile_name="firn",
                target_name="prod",
                profiles_yml_filepath=project / "profiles/profiles.yml",
            ),
            render_config=RenderConfig(
                load_method=LoadMode.DBT_MANIFEST,
                test_behavior=TestBehavior.AFTER_EACH,
                source_rendering_behavior=SourceRenderingBehavior.ALL,
                should_detach_multiple_parents_tests=True,
                group_nodes_by_folder=True,
                emit_datasets=False,
                node_conversion_by_task_group=False,
                node_converters=converters,
            ),
        )

    def _ids(self, node: Any, task_id: str) -> list[str]:
        """dbt's ids of what a task stands for.

        Cosmos gives the task of a test that several nodes share its name alone, and
        some other node.
        """
        if task_id in self._shared_tests:
            return [self._shared_tests[task_id]]
        own: str = node.unique_id
        return self._tests_of[own] if task_id == "test" else [own]

    @cached_property
    def _shared_tests(self) -> Mapping[str, str]:
        return {
            f"{node['name']}_test": name
            for name, node in self._tests()
            if len(_tested(node)) > 1
        }

    @cached_property
    def _tests_of(self) -> Mapping[str, list[str]]:
        """Tests that concern one node alone, by that node."""
        tests = defaultdict(list)
        for name, node in self._tests():
            if len(parents := _tested(node)) == 1:
                tests[parents.pop()].append(name)
        return tests

    def _tests(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for kind in ("nodes", "unit_tests"):
            for name, node in self._manifest.get(kind, {}).items():
                if node["resource_type"] in ("test", "unit_test"):
                    yield name, node

    def _doc(self, ids: Iterable[str]) -> str:
        """What a task stands for; a model's new text is a new version of the DAG."""
        parts = []
        for node in map(self._node, ids):
            said = node.get("description") or node["name"]
            checksum = node.get("checksum")
            mark = checksum["checksum"][:10] if isinstance(checksum, dict) else ""
            parts.append(f"{said}\n\n`{node['original_file_path']}` {mark}".strip())
        return "\n\n".join(parts)

    def _node(self, name: str) -> Mapping[str, Any]:
        for kind in ("nodes", "sources", "unit_tests"):
            if found := self._manifest.get(kind, {}).get(name):
                node: Mapping[str, Any] = found
                return node
        raise KeyError(name)


def _tests_group(group: TaskGroup) -> TaskGroup:
    """The group of tests that several nodes share: beside the layers."""
    root = group
    while root.parent_group is not None and root.parent_group.group_id is not None:
        root = root.parent_group
    found = root.children.get(f"{root.group_id}.tests")
    if isinstance(found, TaskGroup):
        return found
    return TaskGroup("tests", parent_group=root, dag=root.dag)


def _tested(node: Mapping[str, Any]) -> set[str]:
    return set(node["depends_on"]["nodes"])
