with

products as (

    select * from {{ ref('base_ecom__products') }}

),

supplies as (

    select * from {{ ref('base_ecom__supplies') }}

),

product_types as (

    select * from {{ ref('product_types') }}

),

{# a product has a new version when its record changes or one of its supplies does #}
changes as (

    select
        product_id,
        valid_from as changed_at
    from products

    union distinct

    select
        supplies.product_id,
        supplies.valid_from as changed_at
    from supplies
    inner join products
        on
            supplies.product_id = products.product_id
            and supplies.valid_from > products.valid_from
            and supplies.valid_from
            < coalesce(products.valid_to, {{ end_of_time() }})

),

changes_costed as (

    select
        changes.product_id,
        changes.changed_at,
        cast(coalesce(sum(supplies.cost_usd), 0) as decimal(18, 2)) as supply_cost_usd,
        max(supplies._loaded_at) as _loaded_at
    from changes
    left join supplies
        on
            changes.product_id = supplies.product_id
            and changes.changed_at >= supplies.valid_from
            and changes.changed_at < coalesce(supplies.valid_to, {{ end_of_time() }})
    group by changes.product_id, changes.changed_at

),

changes_numbered as (

    select
        *,
        row_number() over (
            partition by product_id order by changed_at
        ) as version_number,
        lead(changed_at) over (
            partition by product_id order by changed_at
        ) as next_changed_at
    from changes_costed

),

int_products_costed as (

    select
        {{ surrogate_key([
            'changes_numbered.product_id', 'changes_numbered.changed_at',
        ]) }} as product_key,
        changes_numbered.product_id,

        products.product_name,
        products.product_type,
        products.product_description,

        cast(changes_numbered.version_number as integer) as version_number,
        products.price_usd,
        changes_numbered.supply_cost_usd,

        coalesce(product_types.is_food, false) as is_food,
        changes_numbered.next_changed_at is null as is_current,

        case
            when changes_numbered.version_number = 1 then {{ start_of_time() }}
            else changes_numbered.changed_at
        end as valid_from,
        coalesce(changes_numbered.next_changed_at, {{ end_of_time() }}) as valid_to,

        greatest(products._loaded_at, changes_numbered._loaded_at) as _loaded_at

    from changes_numbered
    inner join products
        on
            changes_numbered.product_id = products.product_id
            and changes_numbered.changed_at >= products.valid_from
            and changes_numbered.changed_at
            < coalesce(products.valid_to, {{ end_of_time() }})
    left join product_types on products.product_type = product_types.product_type

)

select * from int_products_costed
