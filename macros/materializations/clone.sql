{% materialization clone, adapter='duckdb' %}
    {% do refuse_clone() %}
{% endmaterialization %}

{% materialization clone, adapter='spark' %}
    {% do refuse_clone() %}
{% endmaterialization %}

{% macro refuse_clone() %}
    {#- Views on another schema would be all that dbt could make. -#}
    {% do exceptions.raise_compiler_error(
        model.name ~ ': dbt clone does nothing on the lake. Name a new branch by FIRN_BRANCH: '
        ~ 'it has every table at once, and nothing is copied.'
    ) %}
{% endmacro %}
