{% macro python_result() %}
    {#- Where a Python model's rows go first, since the lake wants to know columns before
        rows: a table in memory. -#}
    {% set result = api.Relation.create(
        database='memory', schema='main', identifier=this.identifier ~ '__firn_python'
    ) %}
    {% call statement('drop_python_result', auto_begin=False) %}
        drop table if exists {{ result }}
    {% endcall %}
    {{ return(result) }}
{% endmacro %}
