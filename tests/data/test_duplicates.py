import time

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_photographs import encoded, picture

from emolab.data.crop import crop_and_resize
from emolab.data.duplicates import duplicate_clusters, hamming, near_pairs
from emolab.data.hashing import perceptual_hashes, pixel_digest
from emolab.data.image import read_image
from emolab.data.splits import assign_splits, groups_of, mixed_rows


def clusters_of(images: np.ndarray, bits: int | None = 8) -> list[int]:
    digests = np.array([pixel_digest(image) for image in images], object)
    return duplicate_clusters(images, digests, perceptual_hashes(images), bits).tolist()


def variants(image: np.ndarray) -> np.ndarray:
    """The same photograph: as it is, as a poor JPEG, brighter, smaller and back, with a watermark."""
    jpeg = read_image(encoded(image, quality=40))
    bright = np.clip(image * 0.8 + 40, 0, 255).astype(np.uint8)
    small = crop_and_resize(crop_and_resize(image, None, 30), None, image.shape[0])
    marked = cv2.putText(image.copy(), "stock", (4, 40), cv2.FONT_HERSHEY_PLAIN, 1, (255, 255, 255))
    marked = cv2.addWeighted(image, 0.85, marked, 0.15, 0)
    return np.stack([image, image, jpeg, bright, small, marked])


def test_variants_of_a_photograph_are_one_cluster_and_other_photographs_are_not():
    images = np.concatenate([variants(picture(seed)) for seed in range(20)])
    assert clusters_of(images) == [seed for seed in range(20) for _ in range(6)]


def test_mirrored_variants_of_a_photograph_are_in_its_cluster():
    """A data set that somebody has augmented holds such pairs."""
    images = np.concatenate([variants(picture(seed)) for seed in range(20)])
    mirrored = images.copy()
    mirrored[::2] = mirrored[::2, :, ::-1]
    assert clusters_of(mirrored) == clusters_of(images)


def test_the_hash_of_a_mirror_image_is_that_of_the_mirrored_image():
    images = np.stack([picture(seed) for seed in range(20)])
    own, mirrored = perceptual_hashes(images).T
    again, back = perceptual_hashes(images[:, :, ::-1]).T
    assert hamming(mirrored, again).max() <= 1  # rounding
    assert hamming(own, back).max() <= 1


def test_without_near_bits_only_identical_pixels_join():
    assert clusters_of(variants(picture(0)), bits=None) == [0, 0, 1, 2, 3, 4]


def test_flat_images_join_only_when_identical():
    images = np.stack([np.full((48, 48, 3), value, np.uint8) for value in (0, 0, 128, 255)])
    noisy = images.copy()
    noisy[:, 0, 0] += 1
    assert clusters_of(images) == [0, 0, 1, 2]
    assert clusters_of(np.concatenate([images[2:], noisy[2:]])) == [0, 1, 2, 3]


def test_pictures_with_similar_hashes_but_other_pixels_stay_apart():
    images = np.stack([picture(1), picture(2)])
    same_hash = np.array([[12345, 54321], [12345, 54321]], np.uint64)
    digests = np.array(["a", "b"], object)
    assert duplicate_clusters(images, digests, same_hash, 8).tolist() == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1))
def test_hamming_counts_the_bits_that_differ(pairs):
    first, second = np.array(pairs, np.uint64).T
    assert hamming(first, second).tolist() == [(one ^ other).bit_count() for one, other in pairs]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 16), st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=12), st.data())
def test_near_pairs_are_those_of_a_full_comparison(bits, base, data):
    flips = [data.draw(st.sets(st.integers(0, 63), max_size=18)) for _ in base]
    near = [value ^ sum(1 << bit for bit in chosen) for value, chosen in zip(base, flips, strict=True)]
    hashes = np.array(base + near, np.uint64)
    expected = {
        (i, j) for i in range(len(hashes)) for j in range(i) if hamming(hashes[i : i + 1], hashes[j : j + 1])[0] <= bits
    }
    assert {(j, i) for i, j in near_pairs(hashes, bits).tolist()} == expected


def test_many_hashes_are_compared_without_comparing_all_pairs():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 150_000, np.uint64)
    hashes[1::1000] = hashes[::1000] ^ np.uint64(0b1011)
    start = time.process_time()
    found = near_pairs(hashes, 4)
    assert time.process_time() - start < 30  # all pairs would take hours
    assert {tuple(pair) for pair in found.tolist()} >= {(at, at + 1) for at in range(0, 150_000, 1000)}


def test_hundreds_of_equal_hashes_form_one_chain_without_all_pairs():
    pairs = near_pairs(np.full(500, 99, np.uint64), 8)
    assert len(pairs) < 500 * 70
    assert set(pairs.ravel().tolist()) == set(range(500))


@st.composite
def labelled(draw):
    count = draw(st.integers(1, 60))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=count, max_size=count))
    clusters = draw(st.lists(st.integers(0, count), min_size=count, max_size=count))
    official = draw(
        st.one_of(
            st.just([""] * count),
            st.lists(st.sampled_from(["train", "test"]), min_size=count, max_size=count),
            st.lists(st.sampled_from(["train", "validation", "test"]), min_size=count, max_size=count),
        )
    )
    digests = [f"{number:03d}" for number in range(count)]
    return [np.array(column, object) for column in (labels, digests, official)], np.array(clusters)


@settings(max_examples=200, deadline=None)
@given(labelled(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_our_splits_never_part_a_cluster_and_ignore_the_order_of_rows(made, seed, random):
    (labels, digests, official), clusters = made
    fractions = {"validation": 0.2, "test": 0.2}
    splits = assign_splits(labels, clusters, clusters, digests, official, fractions, seed)
    kept = np.isin(official, ["validation", "test"])
    assert (splits[kept] == official[kept]).all()
    conflict = mixed_rows(labels, clusters)
    assert (splits[conflict & ~kept] == "train").all()
    for cluster in set(clusters[~kept].tolist()):
        assert len(set(splits[(clusters == cluster) & ~kept])) == 1
    for split in ("validation", "test"):
        if split not in official:  # drawn by us: no twin anywhere else
            assert not np.isin(clusters[splits != split], clusters[splits == split]).any()
    order = np.array(random.sample(range(len(labels)), len(labels)))
    again = assign_splits(
        labels[order], clusters[order], clusters[order], digests[order], official[order], fractions, seed
    )
    assert (again == splits[order]).all()


def test_few_people_with_many_photographs_give_each_split_one_and_who_trains_most():
    people = np.repeat(np.arange(8), 50)
    labels = np.array(["a", "b"] * 200, object)
    assert [count_of(labels, people, split) for split in ("validation", "test", "train")] == [50, 50, 300]
    by_class = np.array(["a", "b"], object)[people % 2]  # bursts of one expression each
    assert [count_of(by_class, people, split) for split in ("validation", "test", "train")] == [100, 100, 200]
    assert count_of(by_class[:100], people[:100], "train") == 100  # a group of each class: none to spare
    assert count_of(labels[:100], people[:100], "validation") == 50  # two people: no training goes without


def test_a_draw_that_gives_any_images_is_left_as_it_is():
    labels = np.array(["a"] * 40 + ["b"] * 40, object)
    groups = np.concatenate([np.arange(40), np.repeat([40, 41], 20)])
    found = drawn(labels, groups)
    assert [int((found == split).sum()) for split in ("validation", "test")] == [4, 4]
    assert set(found[40:]) == {"train"}


def count_of(labels, groups, split):
    return int((drawn(labels, groups) == split).sum())


def drawn(labels, groups):
    digests = np.array([f"{number}" for number in range(len(labels))], object)
    official, alone = np.full(len(labels), "", object), np.arange(len(labels))
    return assign_splits(labels, alone, groups, digests, official, {"validation": 0.1, "test": 0.1}, 0)


def test_our_splits_are_stratified():
    labels = np.array(["a"] * 1000 + ["b"] * 100 + ["c"] * 3, object)
    count = len(labels)
    digests = np.array([f"{number}" for number in range(count)], object)
    official = np.full(count, "", object)
    alone, fractions = np.arange(count), {"validation": 0.2, "test": 0.1}
    splits = assign_splits(labels, alone, alone, digests, official, fractions, 0)
    shares = {(s, c): int(((splits == s) & (labels == c)).sum()) for s in ("validation", "test") for c in "abc"}
    assert shares == {
        ("validation", "a"): 200, ("validation", "b"): 20, ("validation", "c"): 1,
        ("test", "a"): 100, ("test", "b"): 10, ("test", "c"): 1,
    }  # fmt: skip
    other = assign_splits(labels, alone, alone, digests, official, fractions, 1)
    assert (other != splits).any()


def test_a_group_joins_the_twins_and_all_photographs_of_a_person():
    clusters = np.array([0, 0, 1, 2, 3, 4])
    people = np.array(["ann", "", "bob", "ann", "", ""], object)
    groups = groups_of(clusters, people)
    assert groups[0] == groups[1] == groups[3]
    assert len({groups[0], groups[2], groups[4], groups[5]}) == 4


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 3), st.integers(4, 12), st.integers(1, 5))
def test_nobody_is_in_two_splits_and_the_shares_are_kept(seed, people, faces):
    count = people * faces * 3
    labels = np.array(["anger", "happy", "sad"] * (count // 3), object)
    person = np.array([f"p{number // (3 * faces)}" for number in range(count)], object)
    clusters, digests = np.arange(count), np.array([f"{number:04d}" for number in range(count)], object)
    groups, official = groups_of(clusters, person), np.full(count, "", object)
    splits = assign_splits(labels, clusters, groups, digests, official, {"validation": 0.25, "test": 0.25}, seed)
    for name in set(person):
        assert len(set(splits[person == name])) == 1
    for split in ("validation", "test"):
        assert (splits == split).sum() == round(count * 0.25) // (3 * faces) * 3 * faces


def test_a_person_with_a_contradictory_or_an_official_photograph_is_drawn_nowhere():
    """p0's first photograph is there under two labels, and p1's is official."""
    labels = np.array(["anger", "happy"] * 30, object)
    people = np.array([f"p{number // 3}" for number in range(60)], object)
    clusters, digests = np.arange(60), np.array([f"{number:03d}" for number in range(60)], object)
    clusters[1] = clusters[0]
    official = np.full(60, "", object)
    official[3] = "test"
    groups, fractions = groups_of(clusters, people), {"validation": 0.5, "test": 0.0}
    for seed in range(20):
        splits = assign_splits(labels, clusters, groups, digests, official, fractions, seed)
        assert splits[:6].tolist() == ["train"] * 3 + ["test", "train", "train"]
        assert all(len(set(splits[people == person])) == 1 for person in set(people[6:]))
        assert set(splits[6:]) == {"train", "validation"}
