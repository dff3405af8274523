"""The words of a receipt, a language an entry. A locale of another language gets English ones."""

from typing import Final, TypedDict


class Words(TypedDict):
    receipt: str
    number: str
    date: str
    customer: str
    bought_by: str
    item: str
    quantity: str
    rate: str
    amount: str
    list_price: str
    discount: str
    price: str
    settled: str
    tax: str
    net: str
    with_tax: str
    no_rate: str
    payment: str
    refund: str
    paid: str
    owing: str
    cancelled: str
    voided: str
    transferred: str
    imported: str
    rolled: str
    elsewhere: str
    methods: dict[str, str]


ENGLISH: Final[Words] = {
    "receipt": "Receipt",
    "number": "Purchase",
    "date": "Date",
    "customer": "Customer",
    "bought_by": "Bought by",
    "item": "Item",
    "quantity": "Units",
    "rate": "Tax rate",
    "amount": "Amount",
    "list_price": "List price",
    "discount": "Discount",
    "price": "Price, tax included",
    "settled": "Settled before the transfer",
    "tax": "Tax",
    "net": "Net",
    "with_tax": "Tax included",
    "no_rate": "no rate",
    "payment": "Payment",
    "refund": "Refund",
    "paid": "Paid",
    "owing": "Owing",
    "cancelled": "Cancelled",
    "voided": "Void: this sale was undone",
    "transferred": "Transferred from another package: no sale",
    "imported": "Brought over from another system: no sale",
    "elsewhere": "Sold in another system",
    "rolled": "Rolled over from the period before",
    "methods": {
        "cash": "cash",
        "card": "card",
        "transfer": "bank transfer",
        "online": "online",
        "gift": "gift card",
        "external": "paid elsewhere",
        "other": "other",
    },
}
HUNGARIAN: Final[Words] = {
    "receipt": "Bizonylat",
    "number": "Vásárlás",
    "date": "Dátum",
    "customer": "Vevő",
    "bought_by": "Megvásárolta",
    "item": "Megnevezés",
    "quantity": "Alkalom",
    "rate": "Adókulcs",
    "amount": "Összeg",
    "list_price": "Listaár",
    "discount": "Kedvezmény",
    "price": "Ár, adóval",
    "settled": "Az átruházás előtt rendezve",
    "tax": "Adó",
    "net": "Nettó",
    "with_tax": "Bruttó",
    "no_rate": "nincs kulcs",
    "payment": "Befizetés",
    "refund": "Visszatérítés",
    "paid": "Kifizetve",
    "owing": "Fizetendő",
    "cancelled": "Lemondva",
    "voided": "Érvénytelen: ezt az eladást visszavonták",
    "transferred": "Másik bérletből átruházva: nem eladás",
    "imported": "Más rendszerből áthozva: nem eladás",
    "elsewhere": "Más rendszerben eladva",
    "rolled": "Az előző időszakból áthozva",
    "methods": {
        "cash": "készpénz",
        "card": "bankkártya",
        "transfer": "átutalás",
        "online": "online",
        "gift": "ajándékkártya",
        "external": "máshol fizetve",
        "other": "egyéb",
    },
}
JAPANESE: Final[Words] = {
    "receipt": "領収書",
    "number": "購入番号",
    "date": "日付",
    "customer": "お客様",
    "bought_by": "購入者",
    "item": "品目",
    "quantity": "回数",
    "rate": "税率",
    "amount": "金額",
    "list_price": "定価",
    "discount": "割引",
    "price": "価格(税込)",
    "settled": "譲渡前に精算済み",
    "tax": "税額",
    "net": "税抜",
    "with_tax": "税込",
    "no_rate": "税率なし",
    "payment": "お支払い",
    "refund": "返金",
    "paid": "支払済み",
    "owing": "未払い",
    "cancelled": "キャンセル済み",
    "voided": "無効:この販売は取り消されました",
    "transferred": "他のパッケージからの譲渡(販売ではありません)",
    "imported": "他のシステムからの移行(販売ではありません)",
    "elsewhere": "他のシステムで販売済み",
    "rolled": "前の期間からの繰越",
    "methods": {
        "cash": "現金",
        "card": "カード",
        "transfer": "銀行振込",
        "online": "オンライン",
        "gift": "ギフトカード",
        "external": "他所で支払い",
        "other": "その他",
    },
}
ARABIC: Final[Words] = {
    "receipt": "إيصال",
    "number": "رقم الشراء",
    "date": "التاريخ",
    "customer": "العميل",
    "bought_by": "المشتري",
    "item": "البند",
    "quantity": "الوحدات",
    "rate": "نسبة الضريبة",
    "amount": "المبلغ",
    "list_price": "السعر الأصلي",
    "discount": "الخصم",
    "price": "السعر شامل الضريبة",
    "settled": "سُدد قبل التحويل",
    "tax": "الضريبة",
    "net": "الصافي",
    "with_tax": "شامل الضريبة",
    "no_rate": "بلا نسبة",
    "payment": "دفعة",
    "refund": "استرداد",
    "paid": "المدفوع",
    "owing": "المستحق",
    "cancelled": "ملغى",
    "voided": "باطل: أُلغيت عملية البيع هذه",
    "transferred": "محوّل من باقة أخرى: ليس عملية بيع",
    "imported": "منقول من نظام آخر: ليس عملية بيع",
    "elsewhere": "بيع في نظام آخر",
    "rolled": "مرحّل من الفترة السابقة",
    "methods": {
        "cash": "نقدًا",
        "card": "بطاقة",
        "transfer": "تحويل مصرفي",
        "online": "عبر الإنترنت",
        "gift": "بطاقة هدية",
        "external": "دُفع في مكان آخر",
        "other": "أخرى",
    },
}
LANGUAGES: Final[dict[str, Words]] = {
    "en": ENGLISH,
    "hu": HUNGARIAN,
    "ja": JAPANESE,
    "ar": ARABIC,
}
