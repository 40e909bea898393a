"""The page *Lake* in Airflow's UI, and dbt's docs beside it.

Airflow 3 shows a plugin's own FastAPI application in a frame (external views). Both
pages want the user whom Airflow knows.
"""

from pathlib import Path
from typing import Annotated

from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.templating import Jinja2Templates

from orchestration.build import alerts
from orchestration.build.overview import overview, run_state
from orchestration.build.stages import run_of
from orchestration.operators.alerts import RunCreated
from orchestration.operators.names import branch_of
from orchestration.settings import Settings

_DOCS = ("index.html", "manifest.json", "catalog.json")
_templates = Jinja2Templates(Path(__file__).with_name("templates"))

app = FastAPI(title="Lake", dependencies=[Depends(get_user)], openapi_url=None)


@app.get("/", response_class=HTMLResponse)
def lake(
    request: Request, publication: Annotated[int | None, Query(ge=1)] = None
) -> HTMLResponse:
    """Branches, publications and tables; one publication stands out if it is named."""
    settings = Settings.load()
    found = overview(settings)
    runs = {one.branch: run_of(settings, one.branch) for one in found.publications}
    runs |= {one.name: run_of(settings, one.name) for one in found.branches}
    told = alerts.newest(settings)
    context = {"lake": found, "runs": runs, "named": publication, "alerts": told}
    return _templates.TemplateResponse(request, "lake.html", context)


@app.get("/runs/{dag_id}/{run_id:path}", response_class=HTMLResponse)
def run(request: Request, dag_id: str, run_id: str) -> HTMLResponse:
    """What became of a DAG run in the lake: its branch, publication and findings."""
    found = run_state(Settings.load(), branch_of(dag_id, run_id))
    return _templates.TemplateResponse(request, "run.html", {"run": found})


@app.get("/docs/{name}")
def docs(name: str) -> FileResponse:
    """dbt's docs, as the last build wrote them."""
    path = Settings.load().project_dir / "target" / name
    if name not in _DOCS or not path.is_file():
        missing = "dbt's docs are not written yet: run the DAG `build`."
        raise HTTPException(status_code=404, detail=missing)
    return FileResponse(path)


class LakePlugin(AirflowPlugin):
    """What Airflow finds."""

    name = "firn"
    fastapi_apps = [{"app": app, "url_prefix": "/lake", "name": "Lake"}]  # noqa: RUF012
    deadline_references = [RunCreated]  # noqa: RUF012
    external_views = [  # noqa: RUF012  # Airflow's own way
        {
            "name": "Lake",
            "href": "/lake/",
            "destination": "nav",
            "category": "browse",
            "url_route": "lake",
        },
        {
            "name": "dbt docs",
            "href": "/lake/docs/index.html",
            "destination": "nav",
            "category": "browse",
            "url_route": "dbt_docs",
        },
        {
            "name": "Lake",
            "href": "/lake/runs/{DAG_ID}/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "lake_run",
        },
    ]
