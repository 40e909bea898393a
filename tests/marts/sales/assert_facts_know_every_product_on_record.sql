{# Fails when an item stays 'unknown' although its product's record has arrived. #}
with

items as (

    select * from {{ ref('fct_order_items') }}
    where product_key = {{ unknown_key() }}

),

stg_items as (

    select * from {{ ref('stg_ecom__items') }}

),

products as (

    select * from {{ ref('dim_products') }}

)

select distinct items.item_id
from items
inner join stg_items on items.item_id = stg_items.item_id
inner join products on stg_items.product_id = products.product_id
